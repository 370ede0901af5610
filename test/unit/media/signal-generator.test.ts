import { decode } from 'node-pcm-codecs';
import { describe, expect, it } from 'vitest';
import { type DataStep, type SignalStep, signalMs } from '../../../src/base/line-signal.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { encodeCallerId } from '../../../src/lines/caller-id-message.ts';
import { CAS, callerIdDelivery, waitingCallerId } from '../../../src/lines/caller-id-signal.ts';
import { COUNTRIES, countryProfile } from '../../../src/lines/country-profile.ts';
import { FskModulator, SignalGenerator } from '../../../src/media/signal-generator.ts';
import { callerIdsIn } from '../../support/caller-ids.ts';
import { numberDisplayIn, v23BytesIn } from '../../support/number-display.ts';

const TIME = { month: 11, day: 28, hour: 9, minute: 5 };
const CALLER = { number: '0472000099', name: 'Mairie' };

/** A signal as it comes out of a line. */
function played(steps: readonly SignalStep[]): Int16Array {
  const generator = new SignalGenerator('alaw');
  generator.start(steps);
  const blocks: Int16Array[] = [];
  const codes = new Uint8Array(80);
  while (generator.active) {
    generator.read(codes);
    const block = new Int16Array(80);
    decode('alaw', codes, block);
    blocks.push(block);
  }
  return Int16Array.from(blocks.flatMap((block) => [...block]));
}

const delivered = (country: string, caller: { number: string; name: string; isWithheld?: boolean }) => {
  const { callerId, callerIdDigits } = countryProfile(country)!;
  return callerIdDelivery(callerId, callerIdDigits, caller, TIME);
};

describe('the modulator', () => {
  const step: DataStep = {
    kind: 'data',
    modem: 'bell202',
    dbm0: -13.5,
    seizureBits: 300,
    markBits: 180,
    bytes: encodeCallerId('mdmf', CALLER, TIME),
  };

  it('keeps its phase and its level: from sample to sample it turns as far as mark or space does, or between them', () => {
    const modulator = new FskModulator(step, 1);
    let before = modulator.next();
    let peak = 0;
    const angle = (a: number, b: number) => Math.abs(Math.asin(b) - Math.asin(a));
    while (!modulator.isOver) {
      const sample = modulator.next();
      peak = Math.max(peak, Math.abs(sample));
      // The arc between two samples is never more than what a space turns in 125 µs.
      expect(angle(before, sample)).toBeLessThanOrEqual((2 * Math.PI * 2200) / 8000 + 1e-9);
      before = sample;
    }
    expect(peak).toBeGreaterThan(0.99);
  });

  it('turns by exactly as much in a whole number of bits as their frequencies say', () => {
    // 12 marks of Bell 202 are 12 whole turns; each further 3 bits, 20 samples, begin on the grid again.
    const marks = new FskModulator({ ...step, seizureBits: 0, markBits: 1200, bytes: new Uint8Array() }, 1);
    const samples = Array.from({ length: 8001 }, () => marks.next());
    for (const at of [0, 20, 4000, 8000]) expect(samples[at]).toBeCloseTo(0, 9);
  });

  it('lasts as long as its bits, to a sample', () => {
    expect(new FskModulator(step, 1).length).toBe(Math.ceil((signalMs([step]) * 8000) / 1000));
  });
});

describe('caller ID to a telephone', () => {
  it.each(COUNTRIES)('is read from what a line of %s sends, number and name as its kind has them', (country) => {
    const delivery = delivered(country, CALLER);
    const { callerId } = countryProfile(country)!;
    // No source at hand names the kind of ru, mx, za and il; jp sends to who ordered it only.
    if (callerId === undefined) expect(delivery).toBeUndefined();
    else
      expect(callerIdsIn(played(delivery!.steps))).toEqual([{ ...CALLER, name: callerId === 'dtmf' ? '' : 'Mairie' }]);
  });

  it.each(COUNTRIES)('fits into the first pause of the ringing of %s, or comes before it', (country) => {
    const { ringCadence } = countryProfile(country)!;
    const delivery = delivered(country, { number: '00494721234567890123', name: 'Fifteen letters' });
    if (delivery?.when === 'pause') expect(600 + signalMs(delivery.steps)).toBeLessThan(ringCadence.at(-1)! - 200);
    else if (delivery !== undefined) expect(signalMs(delivery.steps)).toBeLessThan(4_000);
  });

  it.each(['us', 'gb', 'fr', 'nl', 'dk', 'se'])(
    'says nothing of a caller who is withheld, or not known, in %s',
    (country) => {
      const nobody = { number: '', name: '' };
      expect(callerIdsIn(played(delivered(country, { ...CALLER, isWithheld: true })!.steps))[0]).toMatchObject({
        number: '',
      });
      expect(callerIdsIn(played(delivered(country, nobody)!.steps))).toEqual([nobody]);
    },
  );

  it('is read from what a line with Number Display sends', () => {
    const { callerIdDigits } = countryProfile('jp')!;
    const { steps } = callerIdDelivery('ntt', callerIdDigits, CALLER, TIME)!;
    expect(numberDisplayIn(v23BytesIn(played(steps)))).toEqual({ number: CALLER.number });
  });

  it('waits for the alert of the telephone where the country has one, and reverses the loop before', () => {
    expect(delivered('gb', CALLER)).toMatchObject({ when: 'before', reversal: true });
    expect(delivered('gb', CALLER)!.steps.map(({ kind }) => kind)).toEqual([
      'silence',
      'tone',
      'silence',
      'data',
      'silence',
    ]);
    expect(delivered('se', CALLER)).toMatchObject({ when: 'before', reversal: true });
    expect(delivered('us', CALLER)).toMatchObject({ when: 'pause', reversal: false });
  });

  it('of a waiting call is data without seizure, behind 80 marks', () => {
    for (const kind of ['bellcore', 'sdmf', 'etsi', 'bt'] as const)
      expect(callerIdsIn(played(waitingCallerId(kind, CALLER, TIME)!))).toMatchObject([
        kind === 'sdmf' ? { number: CALLER.number } : CALLER,
      ]);
    expect(waitingCallerId('dtmf', CALLER, TIME)).toBeUndefined();
    const alert = played(CAS);
    expect(Math.max(...alert)).toBeGreaterThan(3_000);
  });
});

describe('the accuracy of caller ID in noise', () => {
  /** Messages out of 100 that are read at that signal-to-noise ratio in the band of the line, and how many read wrong. */
  const tried = (modem: 'us' | 'fr', snrDb: number) => {
    const random = new SeededRandom(snrDb);
    let right = 0;
    let wrong = 0;
    for (let i = 0; i < 100; i++) {
      const number = String(100_000_000 + random.integer(899_999_999));
      const sound = played(delivered(modem, { number, name: `Caller ${i}` })!.steps);
      const mean = Math.sqrt(sound.reduce((sum, sample) => sum + sample * sample, 0) / sound.length);
      const noise = mean * 10 ** (-snrDb / 20) * Math.sqrt(3);
      const noisy = sound.map((sample) => sample + noise * (random.integer(20_001) / 10_000 - 1));
      const got = callerIdsIn(noisy);
      if (got.some((one) => one.number === number)) right++;
      else if (got.length > 0) wrong++;
    }
    return { right, wrong };
  };

  it.each([
    ['us', 20, 98],
    ['fr', 20, 98],
  ] as const)('is %s at %i dB: at least %i of 100, none wrong', (country, snrDb, least) => {
    const { right, wrong } = tried(country, snrDb);
    expect(right).toBeGreaterThanOrEqual(least);
    expect(wrong).toBe(0);
  });
});
