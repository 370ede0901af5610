import { shippedBoard } from '../support/firmware.ts';
import { makeFirmwareHat } from '../support/hat-bench.ts';
import { describeHatContract } from '../support/hat-contract.ts';

describeHatContract('The shipped firmware on an emulated RP2040', (options) => {
  const hat = makeFirmwareHat({ ...options, board: shippedBoard(options.ports, [...options.townLines.keys()]) });
  return { hat, close: () => hat.close() };
});
