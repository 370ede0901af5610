import { NativeBoard } from '../../../../firmware-bridge/emulator/native-board.ts';
import { PlainHat } from '../../../../firmware-bridge/emulator/plain-hat.ts';
import { nativeFirmware } from '../../../support/firmware.ts';
import { makeFirmwareHat } from '../../../support/hat-bench.ts';
import { describeHatContract, socketsOf } from '../../../support/hat-contract.ts';
import { describeWithPeers } from '../../../support/peers.ts';

describeHatContract('The plain model', (options) => ({ hat: new PlainHat(options), close: () => {} }));

describeWithPeers('with a compiler', ['gcc'], () => {
  describeHatContract('The firmware, built for this machine under sanitizers,', (options) => {
    const board = new NativeBoard({ program: nativeFirmware('sanitized'), ...socketsOf(options) });
    const hat = makeFirmwareHat({ ...options, board });
    return { hat, close: () => hat.close() };
  });
});
