import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FirmwareHat } from '../../firmware-bridge/emulator/firmware-hat.ts';
import { Rp2040Board } from '../../firmware-bridge/emulator/rp2040-board.ts';
import { Counters } from '../../src/base/counters.ts';
import { silentLog } from '../../src/base/log.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { describeHatContract } from '../support/hat-contract.ts';

const image = readFileSync(join(import.meta.dirname, '../../board/firmware/prebuilt/hat-rp2040.bin'));

describeHatContract('The shipped firmware on an emulated RP2040', (options) => {
  const board = new Rp2040Board({ image, ports: options.ports });
  const hat = new FirmwareHat({
    ...options,
    board,
    random: new SeededRandom(1),
    counters: new Counters(),
    log: silentLog,
  });
  return { hat, close: () => hat.close() };
});
