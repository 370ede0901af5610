import type { Law } from 'node-pcm-codecs';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { DtmfDetector } from '../../../src/media/dtmf-detector.ts';
import { COLUMN_HZ, KEYPAD, ROW_HZ } from '../../../src/media/dtmf-digits.ts';
import { DtmfGenerator } from '../../../src/media/dtmf-generator.ts';
import { join, mix, noise, type Signal, samplesIn, silence, sine, toCodes } from '../../support/signal.ts';

interface Heard {
  digits: string;
  durationsMs: number[];
  /** Blocks that were not to be passed on. */
  muted: boolean[];
  begunAtMs: number[];
}

/** What the detector makes of a signal, with silence behind it so that a digit at its end ends. */
function detect(signal: Signal, law: Law = 'ulaw'): Heard {
  const heard: Heard = { digits: '', durationsMs: [], muted: [], begunAtMs: [] };
  let nowMs = 0;
  const detector = new DtmfDetector(law, {
    onDigitBegin: (digit) => {
      heard.digits += digit;
      heard.begunAtMs.push(nowMs);
    },
    onDigitEnd: (_, durationMs) => heard.durationsMs.push(durationMs),
  });
  const codes = toCodes(law, join(signal, silence(60)));
  for (let at = 0; at + 80 <= codes.length; at += 80) {
    nowMs += 10;
    detector.process(codes.subarray(at, at + 80));
    heard.muted.push(detector.muting);
  }
  return heard;
}

interface DigitShape {
  ms?: number;
  rowDbm0?: number;
  columnDbm0?: number;
  /** Factors of the frequencies. */
  rowOff?: number;
  columnOff?: number;
}

function digit(key: string, shape: DigitShape = {}): Signal {
  const { ms = 50, rowDbm0 = -9, columnDbm0 = -7, rowOff = 1, columnOff = 1 } = shape;
  const index = KEYPAD.indexOf(key);
  return mix(sine(ROW_HZ[index >> 2]! * rowOff, rowDbm0, ms), sine(COLUMN_HZ[index & 3]! * columnOff, columnDbm0, ms));
}

/** Every digit once, each with a pause of `pauseMs` before it, beginning at another place within a block each time. */
function allDigits(shape: DigitShape = {}, pauseMs = 47): Signal {
  return join(...[...KEYPAD].flatMap((key) => [silence(pauseMs), digit(key, shape)]));
}

describe('a DTMF digit', () => {
  it.each(['ulaw', 'alaw'] as const)('is recognised in %s, all sixteen of them', (law) => {
    expect(detect(allDigits(), law).digits).toBe(KEYPAD);
  });

  it.each(['ulaw', 'alaw'] as const)('of our own generator is recognised in %s', (law) => {
    const generator = new DtmfGenerator(law);
    for (const key of KEYPAD) generator.play(key, 65);
    let digits = '';
    const detector = new DtmfDetector(law, { onDigitBegin: (key) => (digits += key), onDigitEnd: () => {} });
    const block = new Uint8Array(80);
    while (generator.active) {
      generator.read(block);
      detector.process(block);
    }
    expect(digits).toBe(KEYPAD);
  });

  it.each(Array.from({ length: 10 }, (_, i) => i))(
    'of 40 ms is accepted wherever in a block it begins [Q.24] (%i ms)',
    (offsetMs) => {
      for (const key of KEYPAD) {
        expect(detect(join(silence(30 + offsetMs), digit(key, { ms: 40 }))).digits).toBe(key);
      }
    },
  );

  it.each(Array.from({ length: 10 }, (_, i) => i))(
    'of 23 ms is rejected wherever in a block it begins [Q.24] (%i ms)',
    (offsetMs) => {
      for (const key of KEYPAD) {
        expect(detect(join(silence(30 + offsetMs), digit(key, { ms: 23 }))).digits).toBe('');
      }
    },
  );

  it.each([40, 65, 100, 500, 3000])('of %i ms is measured to within 5 ms', (ms) => {
    for (let offset = 0; offset < 80; offset += 13) {
      const { durationsMs } = detect(join(new Float64Array(240 + offset), digit('5', { ms })));
      expect(durationsMs).toHaveLength(1);
      expect(Math.abs(durationsMs[0]! - ms)).toBeLessThanOrEqual(5);
    }
  });

  it('is certain 40 ms after it began at the latest', () => {
    for (let offset = 0; offset < 80; offset += 7) {
      const [begunAtMs] = detect(join(new Float64Array(400 + offset), digit('9', { ms: 100 }))).begunAtMs;
      expect(begunAtMs! - (50 + offset / 8)).toBeLessThanOrEqual(40);
    }
  });

  it('with its frequencies off by 1.5 % and 2 Hz is accepted [Q.24]', () => {
    for (const key of KEYPAD) {
      const index = KEYPAD.indexOf(key);
      const row = 0.015 + 2 / ROW_HZ[index >> 2]!;
      const column = 0.015 + 2 / COLUMN_HZ[index & 3]!;
      for (const [r, c] of [
        [1 + row, 1 + column],
        [1 - row, 1 - column],
        [1 + row, 1 - column],
        [1 - row, 1 + column],
      ] as const) {
        const signal = join(silence(33), digit(key, { rowOff: r, columnOff: c }));
        expect(detect(signal).digits, `${key} ${r} ${c}`).toBe(key);
      }
    }
  });

  it.each([0.965, 1.035])('with either frequency off by a factor of %f is rejected [Q.24]', (off) => {
    expect(detect(allDigits({ ms: 100, rowOff: off })).digits).toBe('');
    expect(detect(allDigits({ ms: 100, columnOff: off })).digits).toBe('');
  });

  it.each([0, -5, -10, -15, -20, -25])('at %i dBm0 for each frequency is accepted', (dbm0) => {
    expect(detect(allDigits({ rowDbm0: dbm0, columnDbm0: dbm0 })).digits).toBe(KEYPAD);
  });

  it('at −36 dBm0 for either frequency is rejected', () => {
    expect(detect(allDigits({ ms: 100, rowDbm0: -36, columnDbm0: -36 })).digits).toBe('');
  });

  it.each([
    { twist: 'a column 8 dB above the row', rowDbm0: -16, columnDbm0: -8 },
    { twist: 'a row 4 dB above the column', rowDbm0: -8, columnDbm0: -12 },
  ])('with $twist is accepted', ({ rowDbm0, columnDbm0 }) => {
    expect(detect(allDigits({ rowDbm0, columnDbm0 })).digits).toBe(KEYPAD);
  });

  it.each([
    { twist: 'a column 11 dB above the row', rowDbm0: -18, columnDbm0: -7 },
    { twist: 'a row 7 dB above the column', rowDbm0: -7, columnDbm0: -14 },
  ])('with $twist is rejected', ({ rowDbm0, columnDbm0 }) => {
    expect(detect(allDigits({ ms: 100, rowDbm0, columnDbm0 })).digits).toBe('');
  });

  it('interrupted for 10 ms is one digit, wherever the gap lies', () => {
    for (let offset = 0; offset < 160; offset += 9) {
      const tone = digit('6', { ms: 120 });
      tone.fill(0, 400 + offset, 480 + offset);
      const { digits, durationsMs } = detect(join(silence(30), tone));
      expect(digits).toBe('6');
      expect(Math.abs(durationsMs[0]! - 120)).toBeLessThanOrEqual(5);
    }
  });

  it('pressed twice with a pause of 40 ms is two digits, wherever the pause lies', () => {
    for (let offset = 0; offset < 80; offset += 7) {
      const signal = join(new Float64Array(240 + offset), digit('6'), silence(40), digit('6'));
      expect(detect(signal).digits).toBe('66');
    }
  });

  it('followed by another without a pause ends when the other begins', () => {
    expect(detect(join(silence(35), digit('1', { ms: 80 }), digit('2', { ms: 80 }))).digits).toBe('12');
  });

  it('is found in noise 15 dB below it, 1000 times of 1000', () => {
    const random = new SeededRandom(1);
    const keys = Array.from({ length: 1000 }, () => KEYPAD[random.integer(16)]!).join('');
    const signal = join(...[...keys].flatMap((key) => [new Float64Array(320 + random.integer(80)), digit(key)]));
    // −9 and −7 dBm0 together are −4.9 dBm0.
    const noisy = mix(signal, noise(-19.9, signal.length / 8, 2));
    expect(detect(noisy).digits).toBe(keys);
  });

  it.each([[350, 440], [425], [440], [413, 438], [400, 450]])(
    'is found while a dial tone of %i Hz and more sounds as loud as itself',
    (...hz) => {
      const signal = allDigits({ rowDbm0: -15, columnDbm0: -13 });
      const dialTone = mix(...hz.map((f) => sine(f, -13, signal.length / 8)));
      expect(detect(mix(signal, dialTone)).digits).toBe(KEYPAD);
    },
  );

  it('is found beside mains hum', () => {
    const signal = allDigits();
    expect(detect(mix(signal, sine(50, -18, signal.length / 8), sine(150, -30, signal.length / 8))).digits).toBe(
      KEYPAD,
    );
  });
});

describe('what is passed on of a digit', () => {
  it('is less than 20 ms, and nothing until it has ended', () => {
    for (let offset = 0; offset < 80; offset += 7) {
      const { muted } = detect(join(new Float64Array(400 + offset), digit('3', { ms: 200 })));
      const first = Math.floor((400 + offset) / 80);
      const firstMuted = muted.indexOf(true);
      expect(firstMuted * 80 - (400 + offset)).toBeLessThan(160);
      expect(firstMuted).toBeGreaterThanOrEqual(first);
      expect(muted.slice(firstMuted, first + 20).every(Boolean)).toBe(true);
    }
  });

  it('is everything again 40 ms after its end', () => {
    const { muted } = detect(join(digit('3', { ms: 200 }), silence(100)));
    expect(muted.slice(24).some(Boolean)).toBe(false);
  });
});

/** Glottal pulses through three formants that move: vowels, with pauses and hiss between them. */
function babble(ms: number, seed: number): Signal {
  const random = new SeededRandom(seed);
  const out = new Float64Array(samplesIn(ms));
  let at = 0;
  while (at < out.length) {
    const length = Math.min(out.length - at, samplesIn(60 + random.integer(240)));
    const kind = random.next();
    if (kind < 0.75) vowel(out.subarray(at, at + length), random);
    else if (kind < 0.9) out.set(noise(-30, length / 8, random.integer(1e9)).subarray(0, length), at);
    at += length;
  }
  return out;
}

function vowel(out: Float64Array, random: SeededRandom): void {
  const pitch = 80 + random.next() * 220;
  const glide = (random.next() - 0.5) * 0.3;
  const formants = [250 + random.next() * 700, 800 + random.next() * 1500, 2200 + random.next() * 1000].map((hz) => ({
    hz,
    width: 60 + random.next() * 80,
  }));
  const peak = 22_000 * 10 ** (-(6 + random.next() * 20) / 20);
  const harmonics: { n: number; amplitude: number }[] = [];
  for (let n = 1; n * pitch < 3600; n++) {
    const envelope = formants.reduce((sum, { hz, width }, i) => {
      return sum + 0.7 ** i / (1 + ((n * pitch - hz) / width) ** 2);
    }, 0.01);
    harmonics.push({ n, amplitude: envelope });
  }
  const total = harmonics.reduce((sum, { amplitude }) => sum + amplitude, 0);
  let phase = 0;
  for (let i = 0; i < out.length; i++) {
    phase += (2 * Math.PI * pitch * (1 + (glide * i) / out.length)) / 8000;
    const edge = Math.min(1, i / 80, (out.length - i) / 80);
    let sample = 0;
    for (const { n, amplitude } of harmonics) sample += amplitude * Math.sin(n * phase);
    out[i] = (edge * peak * sample) / total;
  }
}

describe('what is no digit', () => {
  it('speech-like sound gives none in two minutes', () => {
    for (let minute = 0; minute < 2; minute++) expect(detect(babble(60_000, 100 + minute)).digits).toBe('');
  });

  it('chords of an organ give none', () => {
    const random = new SeededRandom(7);
    const chords = Array.from({ length: 100 }, () => {
      const root = 110 * 2 ** (random.integer(36) / 12);
      const third = random.next() < 0.5 ? 3 : 4;
      return mix(...[0, third, 7, 12].map((step) => sine(root * 2 ** (step / 12), -16, 200)));
    });
    expect(detect(join(...chords)).digits).toBe('');
  });

  it.each([-40, -20, -10, 0])('white noise of %i dBm0 gives none', (dbm0) => {
    expect(detect(noise(dbm0, 10_000, 3)).digits).toBe('');
  });

  it.each([
    { tone: 'dial tone', hz: [350, 440] },
    { tone: 'ringback', hz: [440, 480] },
    { tone: 'busy tone', hz: [480, 620] },
    { tone: 'one row alone', hz: [770] },
    { tone: 'one column alone', hz: [1336] },
    { tone: 'two rows', hz: [697, 941] },
    { tone: 'two columns', hz: [1209, 1477] },
    { tone: 'a digit with a third frequency', hz: [770, 1336, 1000] },
    { tone: 'MF 1 of C5 signalling', hz: [700, 900] },
    { tone: 'the fax answer tone', hz: [2100] },
    { tone: 'the fax calling tone', hz: [1100] },
  ])('$tone gives none', ({ hz }) => {
    expect(detect(mix(...hz.map((f) => sine(f, -10, 500)))).digits).toBe('');
  });

  it.each(['ulaw', 'alaw'] as const)('every code of %s in any order gives none', (law) => {
    const random = new SeededRandom(11);
    let digits = '';
    const detector = new DtmfDetector(law, { onDigitBegin: (key) => (digits += key), onDigitEnd: () => {} });
    for (let i = 0; i < 2000; i++) detector.process(Uint8Array.from({ length: 80 }, () => random.integer(256)));
    expect(digits).toBe('');
  });
});
