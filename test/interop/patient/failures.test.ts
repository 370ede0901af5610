import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Appliance } from '../../support/appliance.ts';
import type { Asterisk } from '../../support/asterisk.ts';
import { toneDbm0 } from '../../support/audio.ts';
import { startBranch, startCentre } from '../../support/branch-office.ts';
import { describeAsterisk } from '../../support/peers.ts';
import { waitForTone } from '../../support/tone-heard.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** What each kind of failure leaves in DIALSTATUS and HANGUPCAUSE shows in the tone that the next priorities choose. */
const DIALPLAN = `exten => _8XXX,1,Dial(IAX2/hq/\${EXTEN:1},4)
exten => _8XXX,2,Goto(outcome-\${DIALSTATUS}-\${HANGUPCAUSE},1)
exten => outcome-BUSY-17,1,Answer()
 same => n,Milliwatt()
exten => outcome-CHANUNAVAIL-3,1,Answer()
 same => n,Milliwatt()
exten => outcome-NOANSWER-19,1,Answer()
 same => n,Milliwatt()
exten => outcome-CONGESTION-34,1,Answer()
 same => n,Milliwatt()
exten => outcome-CHANUNAVAIL-44,1,Answer()
 same => n,Milliwatt()
exten => outcome-CONGESTION-58,1,Answer()
 same => n,Milliwatt()
exten => outcome-CHANUNAVAIL-58,1,Answer()
 same => n,Milliwatt()
exten => _9XXX,1,Dial(IAX2/hq/\${EXTEN:1},4)
exten => _9XXX,2,Busy
exten => _6XXX,1,Dial(IAX2/hq/\${EXTEN:1},4)
exten => _6XXX,2,Congestion
`;

/** The French tones: busy and congestion are 440 Hz, 500/500 ms and 250/250 ms. */
const BUSY = { hz: 440, onMs: 500, offMs: 500 };
const CONGESTION = { hz: 440, onMs: 250, offMs: 250 };

describeAsterisk('a call that fails', (version) => {
  let centre: Asterisk;
  let office: Appliance;

  beforeAll(async () => {
    centre = await startCentre(version);
    office = await startBranch({ dialplan: DIALPLAN });
    await office.waitForRegistration('hq', 'registered', 5_000);
  });

  afterEach(async () => {
    await office.rest(1, 2);
    await centre.waitForCli('core show channels count', /0 active channels/, 5_000);
  });

  afterAll(async () => {
    await office?.dispose();
    await centre?.dispose();
  });

  async function dialFrom1(number: string): Promise<void> {
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 2_000);
    await office.dial(1, number);
  }

  /** How long the tone was on and off in the last seconds, in ms, to a block of 20 ms; what began or ends outside is left out. */
  async function cadence(hz: number): Promise<{ readonly isOn: boolean; readonly ms: number }[]> {
    const heard = await office.heard(1, 2.6);
    const runs: { isOn: boolean; ms: number }[] = [];
    for (let at = 0; at < heard.length; at += 160) {
      const isOn = toneDbm0(heard.subarray(at, at + 160), hz) > -30;
      const last = runs.at(-1);
      if (last?.isOn === isOn) last.ms += 20;
      else runs.push({ isOn, ms: 20 });
    }
    return runs.slice(1, -1);
  }

  /** Waits for three bursts or pauses of it in a row: where the machine stands still, one is longer. */
  async function expectTone({ hz, onMs, offMs }: typeof BUSY): Promise<void> {
    let runs: Awaited<ReturnType<typeof cadence>> = [];
    await waitUntil(
      `${hz} Hz, ${onMs} ms on and ${offMs} ms off`,
      10_000,
      async () => {
        runs = await cadence(hz);
        return runs.length >= 3 && runs.every(({ isOn, ms }) => Math.abs(ms - (isOn ? onMs : offMs)) <= 40);
      },
      () => JSON.stringify(runs),
    );
  }

  const expectOutcome = async (number: string) => {
    await dialFrom1(number);
    await office.waitForStatus('the next priority', 12_000, (it) => it.calls[0]?.state === 'talking');
    await waitForTone(office, 1, { hz: 1004, dbm0: 0, seconds: 0.3 });
  };

  test('because it is busy: BUSY, cause 17', () => expectOutcome('8602'));
  test('because the number is unknown: CHANUNAVAIL, cause 3', () => expectOutcome('8999'));
  test('because nobody answers: NOANSWER, cause 19', () => expectOutcome('8604'));
  test('because the centre has no circuit: CONGESTION, cause 34', () => expectOutcome('8603'));
  test('because the centre runs Congestion: CONGESTION, cause 34', () => expectOutcome('8609'));
  test('for a cause that only the centre knows: it is told on, 44', () => expectOutcome('8616'));

  test('with no following priority gives the tone of its cause: busy', async () => {
    await dialFrom1('7602');
    await office.waitForLine(1, 'busy', 6_000);
    await expectTone(BUSY);
  });

  test('with no following priority gives the tone of its cause: else congestion', async () => {
    await dialFrom1('7999');
    await office.waitForLine(1, 'congestion', 6_000);
    await expectTone(CONGESTION);
  });

  test('followed by Busy gives that', async () => {
    await dialFrom1('9999');
    await office.waitForStatus('a tone', 6_000, (it) => it.lines['1']?.state === 'busy');
    await expectTone(BUSY);
  });

  test('followed by Congestion gives that', async () => {
    await dialFrom1('6602');
    await office.waitForStatus('a tone', 6_000, (it) => it.lines['1']?.state === 'congestion');
    await expectTone(CONGESTION);
  });

  const hangupCause = async (number: string) => {
    const from = centre.log().length;
    await centre.originate(`Local/${number}@to-branch`, { application: 'Wait', data: '1' });
    return (await centre.waitForLog(/OUTCOME=(\w+) CAUSE=(\d+)\./, 20_000, from)).slice(1, 3);
  };

  test('at the branch tells the centre why: busy, unknown number, no answer', async () => {
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 2_000);
    expect(await hangupCause('201')).toEqual(['BUSY', '17']);
    await office.rest(1);
    expect(await hangupCause('299')).toEqual(['CHANUNAVAIL', expect.stringMatching(/^(1|3)$/)]);
    expect((await hangupCause('202'))[0]).toBe('NOANSWER');
  });
});

describeAsterisk('a codec that only one side has', (version) => {
  test('ends the call with cause 58, at both ends', async () => {
    const centre = await startCentre(version, { peer: 'disallow=all\nallow=gsm' });
    const office = await startBranch({ codecs: '[alaw]', dialplan: DIALPLAN });
    try {
      await office.waitForRegistration('hq', 'registered', 5_000);
      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await office.dial(1, '8601');
      await office.waitForStatus('the next priority', 8_000, (it) => it.calls[0]?.state === 'talking');
      await waitForTone(office, 1, { hz: 1004, dbm0: 0, seconds: 0.3 });
      expect(centre.log()).toMatch(/codec/i);
    } finally {
      await office.dispose();
      await centre.dispose();
    }
  });
});
