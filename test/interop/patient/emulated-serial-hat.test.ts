import { shippedBoard } from '../../support/firmware.ts';
import { describeHatContract } from '../../support/hat-contract.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { openPtyHat } from '../../support/pty-hat.ts';

describeWithPeers('behind a serial port', ['socat'], () => {
  describeHatContract('The shipped firmware in an emulated RP2040 behind a serial port,', (options) =>
    openPtyHat({ ...options, board: shippedBoard(options.ports, [...options.townLines.keys()]) }),
  );
});
