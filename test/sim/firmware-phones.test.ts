import { shippedBoard } from '../support/firmware.ts';
import { makeFirmwareHat } from '../support/hat-bench.ts';
import { describeWithPeers } from '../support/peers.ts';
import { describeTwoPhones } from '../support/two-phones.ts';

describeWithPeers('with a compiler', ['gcc'], () => {
  describeTwoPhones('the firmware, built for this machine', (exchange) => makeFirmwareHat({ exchange }));
});

describeTwoPhones('the shipped firmware in an emulated RP2040', (exchange) =>
  makeFirmwareHat({ exchange, board: shippedBoard([1, 2]) }),
);
