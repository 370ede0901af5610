import { spawnSync } from 'node:child_process';
import { env } from 'node:process';
import { expect, it } from 'vitest';
import { nativeFirmware } from '../support/firmware.ts';
import { describeWithPeers } from '../support/peers.ts';

/** What CI has time for; FIRMWARE_FUZZ_FRAMES=10000000 is the long run. */
const FRAMES = Number(env['FIRMWARE_FUZZ_FRAMES'] ?? 600_000);
const SEEDS = [1, 2, 3];

describeWithPeers('the core of the firmware under ASan and UBSan', ['gcc'], () => {
  it.each(SEEDS)(
    'survives noise, wrong frames and every loop and key: seed %i',
    (seed) => {
      const program = nativeFirmware('fuzz');
      const frames = String(Math.ceil(FRAMES / SEEDS.length));
      const { status, stdout, stderr } = spawnSync(program, [String(seed), frames], { encoding: 'utf8' });
      expect({ status, stdout, stderr }).toEqual({
        status: 0,
        stdout: expect.stringMatching(new RegExp(`^${frames} frames given, [1-9]`)),
        stderr: '',
      });
    },
    600_000,
  );
});
