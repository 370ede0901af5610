import { SILENCE } from 'node-pcm-codecs';
import { describe, expect, it } from 'vitest';
import { COLUMN_HZ, KEYPAD, ROW_HZ } from '../../../src/media/dtmf-digits.ts';
import { DtmfGenerator } from '../../../src/media/dtmf-generator.ts';
import { toneDbm0 } from '../../support/signal.ts';

/** Reads blocks of 10 ms until nothing is due. */
function drain(generator: DtmfGenerator): Uint8Array {
  const codes: number[] = [];
  const block = new Uint8Array(80);
  while (generator.active) {
    generator.read(block);
    codes.push(...block);
  }
  return Uint8Array.from(codes);
}

describe('the DTMF generator', () => {
  it.each([...KEYPAD].map((digit, key) => ({ digit, row: ROW_HZ[key >> 2]!, column: COLUMN_HZ[key & 3]! })))(
    'makes $digit of $row and $column Hz at −9 and −7 dBm0',
    ({ digit, row, column }) => {
      const generator = new DtmfGenerator('ulaw');
      expect(generator.play(digit, 200)).toBe(true);
      const codes = drain(generator).subarray(80, 1520);
      expect(toneDbm0('ulaw', codes, row)).toBeCloseTo(-9, 1);
      expect(toneDbm0('ulaw', codes, column)).toBeCloseTo(-7, 1);
    },
  );

  it('plays what was queued in order, with 65 ms of silence behind each', () => {
    const generator = new DtmfGenerator('ulaw');
    generator.play('1', 100);
    generator.play('2', 80);
    const codes = drain(generator);
    expect(toneDbm0('ulaw', codes.subarray(0, 800), 1209)).toBeGreaterThan(-9);
    expect(codes.subarray(800, 1320).every((code) => code === SILENCE.ulaw)).toBe(true);
    const second = Math.ceil(1320 / 80) * 80;
    expect(toneDbm0('ulaw', codes.subarray(second, second + 640), 1336)).toBeGreaterThan(-9);
  });

  it('plays no digit shorter than 65 ms', () => {
    const generator = new DtmfGenerator('alaw');
    generator.play('5', 1);
    expect(drain(generator).findLastIndex((code) => code !== SILENCE.alaw)).toBeGreaterThan(8 * 62);
  });

  it('takes small letters and refuses what is no digit', () => {
    const generator = new DtmfGenerator('ulaw');
    expect(generator.play('a', 100)).toBe(true);
    for (const wrong of ['', 'E', '12', ' ', '１']) expect(generator.play(wrong, 100)).toBe(false);
  });

  it('refuses digits beyond 64 that wait', () => {
    const generator = new DtmfGenerator('ulaw');
    for (let i = 0; i < 64; i++) expect(generator.play('1', 100)).toBe(true);
    expect(generator.play('1', 100)).toBe(false);
  });

  it('stops at once', () => {
    const generator = new DtmfGenerator('ulaw');
    generator.play('1', 100);
    generator.read(new Uint8Array(80));
    generator.stop();
    expect(generator.active).toBe(false);
  });
});
