import {
  amplify,
  applyTable,
  decode,
  decodeSample,
  encode,
  encodeSample,
  gainTable,
  type Law,
  levelDbm0,
  PEAK_AT_0_DBM0,
  SILENCE,
  transcode,
} from 'node-pcm-codecs';
import { describe, expect, it } from 'vitest';

const LAWS: Law[] = ['ulaw', 'alaw'];
const EVERY_SAMPLE = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
const EVERY_CODE = Uint8Array.from({ length: 256 }, (_, i) => i);

/*
 * The formulas of the ITU-T G.191 software tool library, written as loops over its description, not as the tables of the
 * package: 14-bit µ-law and 12-bit A-law with ones' complement for negative samples.
 */
const reference = {
  ulaw: {
    encode(sample: number): number {
      let magnitude = (sample < 0 ? -1 - sample : sample) / 4;
      magnitude = Math.min(Math.floor(magnitude) + 33, 8191);
      let segment = 1;
      for (let rest = Math.floor(magnitude / 64); rest > 0; rest = Math.floor(rest / 2)) segment++;
      const high = 8 - segment;
      const low = 15 - (Math.floor(magnitude / 2 ** segment) % 16);
      return high * 16 + low + (sample >= 0 ? 128 : 0);
    },
    decode(code: number): number {
      const step = 4 * 2 ** (8 - (Math.floor(code / 16) % 8) - 1);
      const mantissa = 15 - (code % 16);
      const magnitude = step * (2 * mantissa + 33) - 4 * 33;
      return code < 128 ? 0 - magnitude : magnitude;
    },
  },
  alaw: {
    encode(sample: number): number {
      let magnitude = Math.floor((sample < 0 ? -1 - sample : sample) / 16);
      if (magnitude > 15) {
        let exponent = 1;
        for (; magnitude > 31; exponent++) magnitude = Math.floor(magnitude / 2);
        magnitude = magnitude - 16 + exponent * 16;
      }
      return (sample >= 0 ? magnitude + 128 : magnitude) ^ 0x55;
    },
    decode(code: number): number {
      const bits = (code ^ 0x55) % 128;
      const exponent = Math.floor(bits / 16);
      let magnitude = (bits % 16) + (exponent > 0 ? 16 : 0);
      magnitude = magnitude * 16 + 8;
      if (exponent > 1) magnitude *= 2 ** (exponent - 1);
      return code > 127 ? magnitude : 0 - magnitude;
    },
  },
} as const;

describe.each(LAWS)('%s', (law) => {
  const other: Law = law === 'ulaw' ? 'alaw' : 'ulaw';

  it('encodes every 16-bit sample as G.191 does', () => {
    const codes = new Uint8Array(65_536);
    encode(law, EVERY_SAMPLE, codes);
    expect(codes).toEqual(Uint8Array.from(EVERY_SAMPLE, reference[law].encode));
    expect(Uint8Array.from(EVERY_SAMPLE, (sample) => encodeSample(law, sample))).toEqual(codes);
  });

  it('decodes every code as G.191 does', () => {
    const samples = new Int16Array(256);
    decode(law, EVERY_CODE, samples);
    expect(samples).toEqual(Int16Array.from(EVERY_CODE, reference[law].decode));
    expect(Int16Array.from(EVERY_CODE, (code) => decodeSample(law, code))).toEqual(samples);
  });

  it('gives a code back when its sample is encoded again, but for the second zero of µ-law', () => {
    const changed = [...EVERY_CODE].filter((code) => encodeSample(law, decodeSample(law, code)) !== code);
    expect(changed).toEqual(law === 'ulaw' ? [0x7f] : []);
  });

  it('transcodes every code by way of its sample, in place too', () => {
    const codes = Uint8Array.from(EVERY_CODE);
    transcode(law, codes, codes);
    expect(codes).toEqual(Uint8Array.from(EVERY_CODE, (code) => reference[other].encode(reference[law].decode(code))));
  });

  it('has the code of zero as its silence', () => {
    expect(SILENCE[law]).toBe(encodeSample(law, 0));
  });

  it('measures the digital milliwatt of G.711 as 0 dBm0', () => {
    const milliwatt = law === 'ulaw' ? '1e0b0b1e9e8b8b9e' : '34212134b4a1a1b4';
    const period = Uint8Array.from(milliwatt.match(/../g)!, (hex) => Number.parseInt(hex, 16));
    expect(levelDbm0(law, period)).toBeCloseTo(0, 2);
  });

  it('measures a sine 20 dB below 0 dBm0 within a twentieth of a decibel', () => {
    const codes = Uint8Array.from({ length: 8000 }, (_, i) =>
      encodeSample(law, Math.round((PEAK_AT_0_DBM0[law] / 10) * Math.sin((2 * Math.PI * 1004 * i) / 8000))),
    );
    expect(Math.abs(levelDbm0(law, codes) + 20)).toBeLessThan(0.05);
  });

  it('measures nothing as −Infinity', () => {
    expect(levelDbm0('ulaw', new Uint8Array(0))).toBe(Number.NEGATIVE_INFINITY);
    expect(levelDbm0('ulaw', new Uint8Array(80).fill(SILENCE.ulaw))).toBe(Number.NEGATIVE_INFINITY);
  });

  it('changes no code by a gain of 0 dB and shifts the level by any other', () => {
    const out = new Uint8Array(256);
    applyTable(gainTable(law, 0), EVERY_CODE, out);
    expect(out).toEqual(EVERY_CODE);

    const tone = Uint8Array.from({ length: 8000 }, (_, i) =>
      encodeSample(law, Math.round(4000 * Math.sin((2 * Math.PI * 1004 * i) / 8000))),
    );
    const quieter = new Uint8Array(8000);
    applyTable(gainTable(law, -6), tone, quieter);
    expect(Math.abs(levelDbm0(law, quieter) - levelDbm0(law, tone) + 6)).toBeLessThan(0.1);
  });
});

describe('a block', () => {
  const BLOCKS: [string, (input: Uint8Array, output: Uint8Array) => void][] = [
    ['encode', (input, output) => encode('ulaw', Int16Array.from(input), output)],
    ['decode', (input, output) => decode('alaw', input, new Int16Array(output.length))],
    ['transcode', (input, output) => transcode('ulaw', input, output)],
    ['applyTable', (input, output) => applyTable(gainTable('ulaw', 6), input, output)],
  ];

  it.each([0, 1, 159, 161, 4000])('may be of any length: %i', (length) => {
    const codes = Uint8Array.from({ length }, (_, i) => (7 * i) & 0xff);
    const samples = new Int16Array(length);
    const again = new Uint8Array(length);
    decode('alaw', codes, samples);
    encode('alaw', samples, again);
    expect(again).toEqual(codes);
  });

  it('leaves what stands behind it in a longer output', () => {
    const out = new Uint8Array(4).fill(1);
    transcode('ulaw', Uint8Array.of(0xff, 0xff), out);
    expect([...out]).toEqual([0xd5, 0xd5, 1, 1]);
  });

  it.each(BLOCKS)('is refused by %s where it does not fit, and nothing is written', (_, run) => {
    const out = new Uint8Array(2);
    expect(() => run(new Uint8Array(3), out)).toThrow(RangeError);
    expect([...out]).toEqual([0, 0]);
  });

  it.each(BLOCKS)('is refused by %s where the output was transferred to another thread', (_, run) => {
    const out = new Uint8Array(3);
    structuredClone(out.buffer, { transfer: [out.buffer] });
    expect(() => run(new Uint8Array(3), out)).toThrow(RangeError);
  });
});

it('saturates what it amplifies beyond 16 bits', () => {
  const samples = Int16Array.of(-32_768, -20_000, -3, 0, 3, 20_000, 32_767);
  amplify(samples, 2);
  expect([...samples]).toEqual([-32_768, -32_768, -6, 0, 6, 32_767, 32_767]);
});
