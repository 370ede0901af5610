import { NativeBoard } from '../../firmware-bridge/emulator/native-board.ts';
import { nativeFirmware } from '../support/firmware.ts';
import { describeHatContract, socketsOf } from '../support/hat-contract.ts';
import { describeWithPeers } from '../support/peers.ts';
import { openPtyHat } from '../support/pty-hat.ts';

describeWithPeers('behind a serial port', ['socat', 'gcc'], () => {
  describeHatContract('The firmware, built for this machine, behind a serial port,', (options) =>
    openPtyHat({ ...options, board: new NativeBoard({ program: nativeFirmware('host'), ...socketsOf(options) }) }),
  );
});
