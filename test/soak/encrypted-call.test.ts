import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Appliance } from '../support/appliance.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { strongestHz } from '../support/audio.ts';
import { startBranch, startCentre } from '../support/branch-office.ts';
import { describeAsterisk } from '../support/peers.ts';
import { sine } from '../support/signal.ts';
import { pause } from '../support/wait-until.ts';

/** Both sides change their keys every two to five minutes. */
const MINUTES = 6;

/** Whether 850 Hz was heard for a quarter of a second: when that was depends on how busy the machine is. */
function hasTone(heard: Int16Array): boolean {
  for (let at = 0; at + 2000 <= heard.length; at += 1000)
    if (Math.abs(strongestHz(heard.subarray(at, at + 2000)) - 850) < 5) return true;
  return false;
}

describeAsterisk('an encrypted call', (version) => {
  let centre: Asterisk;
  let office: Appliance;

  beforeAll(async () => {
    centre = await startCentre(version, { peer: 'encryption=aes128\nforceencryption=yes' });
    office = await startBranch({ hq: 'encryption: aes128' });
    await office.waitForRegistration('hq', 'registered', 5_000);
  });

  afterAll(async () => {
    await office?.dispose();
    await centre?.dispose();
  });

  test(`is heard both ways for ${MINUTES} minutes, over each change of keys`, async () => {
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 2_000);
    await office.dial(1, '7600');
    await office.waitForLine(1, 'talking', 10_000);
    const lost: number[] = [];
    for (let second = 0; second < 60 * MINUTES; second += 10) {
      await office.say(1, Int16Array.from(sine(850, -10, 1_500)));
      await pause(1_700);
      // The centre's Echo() gives back what it could decipher, and we hear what we can.
      if (!hasTone(await office.heard(1, 1.6))) lost.push(second);
      await pause(8_300);
    }
    console.log(`Asterisk ${version}: seconds that were not heard: ${lost.join(', ') || 'none'}`);
    expect(lost).toEqual([]);
    const { calls, dropped } = await office.status();
    expect(calls).toHaveLength(1);
    expect(dropped['iax2.undecipherable'] ?? 0).toBe(0);
    expect(centre.log()).not.toMatch(/Decrypt Failed/i);
  });
});
