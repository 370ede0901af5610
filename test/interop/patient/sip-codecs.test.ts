import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Appliance } from '../../support/appliance.ts';
import type { Asterisk } from '../../support/asterisk.ts';
import { SAMPLE_RATE_HZ, strongestHz } from '../../support/audio.ts';
import { Baresip, WIDE_HZ } from '../../support/baresip.ts';
import { BRANCH, startBranch, startCentre } from '../../support/branch-office.ts';
import { describeWithPeers } from '../../support/peers.ts';

const SERVER = `${BRANCH}:5060`;
const WIDE = 'codecs: [g722, ulaw]';
const NARROW = 'codecs: [gsm, g726, ulaw]';
const SIP = `sip:
  listen: [udp://${SERVER}]
  phones:
    "211": { secret: secret-211, context: office, ${WIDE} }
    "212": { secret: secret-212, context: office, ${WIDE} }
    "213": { secret: secret-213, context: office, ${NARROW} }
    "214": { secret: secret-214, context: office, ${NARROW} }`;
const DIALPLAN = 'exten => 601,1,Answer\nexten => 601,2,Milliwatt\n';

describeWithPeers('real ends that have more than G.711', ['baresip', 'asterisk22'], () => {
  let centre: Asterisk;
  let office: Appliance;
  let desk: Baresip;
  let workshop: Baresip;

  beforeAll(async () => {
    centre = await startCentre('22', { peer: 'disallow=all\nallow=g722\nallow=gsm\nallow=g726\nallow=ulaw' });
    office = await startBranch({ sections: SIP, dialplan: DIALPLAN, codecs: '[g722, gsm, g726, ulaw]' });
    const phone = { server: SERVER, wide: true } as const;
    desk = await Baresip.start({ ...phone, user: '211', secret: 'secret-211', hz: 700 });
    workshop = await Baresip.start({ ...phone, user: '212', secret: 'secret-212', hz: 1500, answers: true });
    await office.waitForStatus('both phones to be registered', 10_000, ({ phones }) =>
      ['211', '212'].every((user) => phones[user]?.state === 'registered'),
    );
  });

  afterAll(async () => {
    await desk?.dispose();
    await workshop?.dispose();
    await office?.dispose();
    await centre?.dispose();
  });

  /** The first of the phones calls, they talk until so much was recorded, and it hangs up. */
  async function talk(
    number: string,
    phones: readonly [Baresip, ...Baresip[]],
    sampleRateHz: number,
    meanwhile: () => Promise<void> = async () => {},
  ) {
    const [caller] = phones;
    for (const phone of phones) phone.forget();
    await caller.dial(number);
    await caller.waitForEvent('CALL_ESTABLISHED');
    await meanwhile();
    for (const phone of phones) await phone.waitForRecording(2, sampleRateHz);
    await caller.command('hangup');
    await caller.waitForEvent('CALL_CLOSED');
    await office.waitForNoCalls();
  }

  /** The pitch of what the phone heard last, if that was as wide as told. */
  function pitchHeardBy(phone: Baresip, sampleRateHz: number): number {
    const heard = phone.recording();
    expect(heard.sampleRateHz).toBe(sampleRateHz);
    const part = heard.samples.subarray(sampleRateHz / 2, -sampleRateHz / 5);
    return (strongestHz(part) * sampleRateHz) / SAMPLE_RATE_HZ;
  }

  it('two phones talk in it through the branch', async () => {
    await talk('212', [desk, workshop], WIDE_HZ);
    expect(pitchHeardBy(desk, WIDE_HZ)).toBeCloseTo(1500, -1);
    expect(pitchHeardBy(workshop, WIDE_HZ)).toBeCloseTo(700, -1);
  });

  it('a phone hears itself from Asterisk in it, over IAX2', async () => {
    await talk('7600', [desk], WIDE_HZ, async () => {
      expect(await centre.cli('iax2 show channels')).toMatch(/ g722 /);
    });
    expect(pitchHeardBy(desk, WIDE_HZ)).toBeCloseTo(700, -1);
  });

  it('Asterisk rings a phone in it, over IAX2', async () => {
    workshop.forget();
    await centre.originate('IAX2/branch1/212', { application: 'Echo' });
    await workshop.waitForEvent('CALL_ESTABLISHED');
    expect(await centre.cli('iax2 show channels')).toMatch(/ g722 /);
    await workshop.waitForRecording(2, WIDE_HZ);
    await workshop.command('hangup');
    await office.waitForNoCalls();
    expect(pitchHeardBy(workshop, WIDE_HZ)).toBeCloseTo(1500, -1);
  });

  it.each([
    ['gsm', 'GSM', 'gsm'],
    ['g726', 'G726-32', 'g726'],
  ])('two phones talk in %s through the branch, and one hears itself from Asterisk', async (module, name, format) => {
    const phone = { server: SERVER, codecs: [module] } as const;
    const one = await Baresip.start({ ...phone, user: '213', secret: 'secret-213', hz: 700 });
    const two = await Baresip.start({ ...phone, user: '214', secret: 'secret-214', hz: 1500, answers: true });
    try {
      await office.waitForStatus('both phones to be registered', 10_000, ({ phones }) =>
        ['213', '214'].every((user) => phones[user]?.state === 'registered'),
      );
      await talk('214', [one, two], SAMPLE_RATE_HZ);
      for (const { log } of [one, two]) expect(log).toContain(`Set audio decoder: ${name} `);
      expect(pitchHeardBy(one, SAMPLE_RATE_HZ)).toBeCloseTo(1500, -1);
      expect(pitchHeardBy(two, SAMPLE_RATE_HZ)).toBeCloseTo(700, -1);
      await talk('7600', [one], SAMPLE_RATE_HZ, async () => {
        expect(await centre.cli('iax2 show channels')).toMatch(new RegExp(` ${format} `));
      });
      expect(pitchHeardBy(one, SAMPLE_RATE_HZ)).toBeCloseTo(700, -1);
    } finally {
      await one.dispose();
      await two.dispose();
    }
  });

  it('a phone hears a tone of the branch in G.711', async () => {
    await talk('601', [desk], SAMPLE_RATE_HZ);
    expect(pitchHeardBy(desk, SAMPLE_RATE_HZ)).toBeCloseTo(1004, -1);
  });
});
