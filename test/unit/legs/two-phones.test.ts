import { PlainHat } from '../../../firmware-bridge/emulator/plain-hat.ts';
import { describeTwoPhones } from '../../support/two-phones.ts';

describeTwoPhones('the plain model', (exchange) => new PlainHat({ ports: [1, 2], exchange }));
