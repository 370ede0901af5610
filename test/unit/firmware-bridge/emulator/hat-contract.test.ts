import { FirmwareHat } from '../../../../firmware-bridge/emulator/firmware-hat.ts';
import { NativeBoard } from '../../../../firmware-bridge/emulator/native-board.ts';
import { PlainHat } from '../../../../firmware-bridge/emulator/plain-hat.ts';
import { Counters } from '../../../../src/base/counters.ts';
import { silentLog } from '../../../../src/base/log.ts';
import { SeededRandom } from '../../../../src/base/random.ts';
import { nativeFirmware } from '../../../support/firmware.ts';
import { describeHatContract } from '../../../support/hat-contract.ts';
import { describeWithPeers } from '../../../support/peers.ts';

describeHatContract('The plain model', (options) => ({ hat: new PlainHat(options), close: () => {} }));

describeWithPeers('with a compiler', ['gcc'], () => {
  describeHatContract('The firmware, built for this machine under sanitizers,', (options) => {
    const board = new NativeBoard({ program: nativeFirmware('sanitized'), ports: options.ports });
    const hat = new FirmwareHat({
      ...options,
      board,
      random: new SeededRandom(1),
      counters: new Counters(),
      log: silentLog,
    });
    return { hat, close: () => hat.close() };
  });
});
