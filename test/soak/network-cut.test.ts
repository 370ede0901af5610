import { describeNetworkCut } from '../support/network-cut.ts';

describeNetworkCut(60);
