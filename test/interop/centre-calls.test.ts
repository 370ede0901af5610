import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Appliance } from '../support/appliance.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { clearest, strongestHz, toneDbm0 } from '../support/audio.ts';
import { startBranch, startCentre } from '../support/branch-office.ts';
import { describeAsterisk } from '../support/peers.ts';
import { sine } from '../support/signal.ts';
import { waitForTone } from '../support/tone-heard.ts';
import { waitUntil } from '../support/wait-until.ts';

describeAsterisk('the centre dials the branch', (version) => {
  let centre: Asterisk;
  let office: Appliance;

  beforeAll(async () => {
    centre = await startCentre(version);
    office = await startBranch();
    await office.waitForRegistration('hq', 'registered', 5_000);
  });

  afterEach(async () => {
    await centre.cli('channel request hangup all');
    await office.rest(1);
    await centre.waitForCli('core show channels count', /0 active channels/, 5_000);
  });

  afterAll(async () => {
    await office?.dispose();
    await centre?.dispose();
  });

  async function ring(to: Parameters<Asterisk['originate']>[1] = { application: 'Milliwatt' }): Promise<void> {
    await centre.originate('IAX2/branch1/201', to);
    await office.waitForLine(1, 'ringing', 3_000);
  }

  test('the telephone rings with the French cadence, and the caller is told', async () => {
    await ring();
    const line = await waitUntil('the bell', 2_000, async () => {
      const now = await office.line(1);
      return now.ringing ? now : undefined;
    });
    expect(line).toMatchObject({ hook: 'on', cadence: [1500, 3500] });
    await centre.waitForCli('core show channels', /Ringing/, 2_000);
  });

  test('it is answered, and both sides are heard', async () => {
    const recording = centre.path('spool', 'talk');
    await centre.cli(`dialplan set global RECORDING ${recording}`);
    await ring({ extension: '610@from-branch' });
    await office.lift(1);
    await office.waitForLine(1, 'talking', 2_000);
    await office.say(1, Int16Array.from(sine(850, -10, 5_000)));
    const samples = await centre.waitForRecording(recording);
    const spoken = clearest(samples, 850);
    expect(strongestHz(spoken)).toBeCloseTo(850, 0);
    expect(Math.abs(toneDbm0(spoken, 850) - -10)).toBeLessThan(0.5);
  });

  test('it hears the caller', async () => {
    await ring();
    await office.lift(1);
    await waitForTone(office, 1, { hz: 1004, dbm0: 0 });
  });

  test('the branch hangs up', async () => {
    await ring();
    await office.lift(1);
    await office.waitForLine(1, 'talking', 2_000);
    await office.hangUp(1);
    await centre.waitForCli('core show channels count', /0 active channels/, 2_000);
    await office.waitForLine(1, 'idle', 2_000);
  });

  test('the centre hangs up, before and after the answer', async () => {
    await ring();
    await centre.cli('channel request hangup all');
    await office.waitForLine(1, 'idle', 2_000);
    await waitUntil('the bell to stop', 500, async () => !(await office.line(1)).ringing);
    await ring();
    await office.lift(1);
    await office.waitForLine(1, 'talking', 2_000);
    await centre.cli('channel request hangup all');
    await office.waitForStatus('line 1 to be released', 2_000, (it) => it.lines['1']?.state !== 'talking');
  });

  test('digits of the centre are heard as tones at the telephone', async () => {
    await ring({ extension: 'digit@speech' });
    await office.lift(1);
    await waitUntil('the digit 5', 5_000, async () => {
      const { tones } = (await office.line(1)).heard;
      return [770, 1336].every((hz) => tones.some((tone) => Math.abs(tone.hz - hz) < 15 && tone.dbm0 > -20));
    });
  });
});
