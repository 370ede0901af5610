import { decodeSample, type Law, SILENCE } from 'node-pcm-codecs';
import { describe, expect, it } from 'vitest';
import { Concealment } from '../../../src/media/concealment.ts';
import { join, mix, noise, type Signal, silence, sine, toCodes } from '../../support/signal.ts';

const BLOCK = 80;

/** A vowel: harmonics of one pitch. */
function vowel(pitchHz: number, ms: number): Signal {
  return mix(...[1, 2, 3, 5, 8].map((n) => sine(n * pitchHz, -14 - 2 * n, ms)));
}

/** Passes codes on block by block, but for those that `isLost`. */
function conceal(said: Uint8Array, isLost: (block: number) => boolean, law: Law = 'ulaw'): Uint8Array {
  const concealment = new Concealment(law);
  const heard = said.slice();
  for (let at = 0, n = 0; at + BLOCK <= said.length; at += BLOCK, n++) {
    const block = heard.subarray(at, at + BLOCK);
    if (isLost(n)) {
      block.fill(0x55);
      concealment.fill(block, 0, BLOCK);
    } else concealment.pass(block, 0, BLOCK);
  }
  return heard;
}

function samples(codes: Uint8Array, law: Law = 'ulaw'): number[] {
  return Array.from(codes, (code) => decodeSample(law, code));
}

function meanSquare(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0) / values.length;
}

/** Signal to error, dB, in a piece. */
function likenessDb(said: Uint8Array, heard: Uint8Array, from: number, to: number, law: Law = 'ulaw'): number {
  const a = samples(said.subarray(from, to), law);
  const b = samples(heard.subarray(from, to), law);
  return 10 * Math.log10(meanSquare(a) / meanSquare(a.map((value, i) => value - b[i]!)));
}

describe('concealment in the manner of G.711 Appendix I', () => {
  it('passes every code on as it is while nothing is lost', () => {
    const said = Uint8Array.from({ length: 4000 }, (_, i) => (i * 37 + (i >> 8)) & 0xff);
    expect(conceal(said, () => false)).toEqual(said);
  });

  it.each([
    ['ulaw', 90],
    ['ulaw', 125],
    ['alaw', 140],
    ['ulaw', 190],
  ] as const)('goes on with the voice through a gap of 10 ms: %s, pitch %i Hz', (law, pitchHz) => {
    const said = toCodes(law, vowel(pitchHz, 400));
    const heard = conceal(said, (n) => n === 20, law);
    expect(likenessDb(said, heard, 1600, 1680, law)).toBeGreaterThan(8);
  });

  it.each([20, 40])('still sounds as loud as before in a gap of %i ms', (ms) => {
    const said = toCodes('ulaw', vowel(125, 600));
    const heard = samples(conceal(said, (n) => n >= 30 && n < 30 + ms / 10));
    const before = meanSquare(heard.slice(2000, 2400));
    const last = meanSquare(heard.slice(2400 + 8 * ms - 80, 2400 + 8 * ms));
    const expected = 20 * Math.log10(1 - 0.2 * (ms / 10 - 1.5));
    expect(10 * Math.log10(last / before)).toBeGreaterThan(expected - 3);
    expect(10 * Math.log10(last / before)).toBeLessThan(expected + 3);
  });

  it('fades to silence within 60 ms and stays silent', () => {
    const said = toCodes('ulaw', vowel(125, 600));
    const heard = conceal(said, (n) => n >= 30);
    expect(heard.subarray(2400 + 480).every((code) => code === SILENCE.ulaw)).toBe(true);
  });

  it('makes no step larger than the voice itself has, at either end of a gap of any length', () => {
    for (const pitchHz of [80, 111, 150]) {
      const said = toCodes('ulaw', vowel(pitchHz, 800));
      const original = samples(said);
      const largest = Math.max(...original.slice(1).map((value, i) => Math.abs(value - original[i]!)));
      for (let gap = 1; gap <= 8; gap++) {
        const heard = samples(conceal(said, (n) => n >= 31 && n < 31 + gap));
        const steps = heard.slice(1).map((value, i) => Math.abs(value - heard[i]!));
        expect(Math.max(...steps)).toBeLessThan(1.5 * largest);
      }
    }
  });

  it('is the original again at most 10 ms after a gap', () => {
    const said = toCodes('ulaw', vowel(125, 800));
    const heard = conceal(said, (n) => n >= 30 && n < 36);
    expect(heard.subarray(36 * BLOCK + 80)).toEqual(said.subarray(36 * BLOCK + 80));
  });

  it('makes no sound of silence, and none before anything was heard', () => {
    const said = toCodes('ulaw', join(silence(300), vowel(125, 100)));
    const heard = conceal(said, (n) => n < 3 || (n >= 10 && n < 15));
    expect(heard.subarray(0, 2400).every((code) => decodeSample('ulaw', code) === 0)).toBe(true);
    expect(heard.subarray(2400)).toEqual(said.subarray(2400));
  });

  it('does not become louder than what it repeats, whatever that is', () => {
    const said = toCodes('ulaw', noise(-15, 2000, 4));
    const heard = samples(conceal(said, (n) => n % 5 === 4));
    const level = meanSquare(samples(said));
    expect(10 * Math.log10(meanSquare(heard) / level)).toBeLessThan(1);
    expect(10 * Math.log10(meanSquare(heard) / level)).toBeGreaterThan(-3);
  });

  it('takes gaps that are no multiple of a block', () => {
    const said = toCodes('ulaw', vowel(125, 200));
    const concealment = new Concealment('ulaw');
    const heard = said.slice();
    for (let at = 0; at < 1200; at += BLOCK) concealment.pass(heard.subarray(at, at + BLOCK), 0, BLOCK);
    const block = heard.subarray(1200, 1200 + BLOCK);
    concealment.pass(block, 0, 24);
    concealment.fill(block, 24, BLOCK);
    expect(heard.subarray(0, 1224)).toEqual(said.subarray(0, 1224));
    expect(likenessDb(said, heard, 1224, 1280)).toBeGreaterThan(8);
  });

  it('joins what does not follow as at the end of a gap of no length', () => {
    const said = toCodes('ulaw', vowel(125, 200));
    const concealment = new Concealment('ulaw');
    const heard = said.slice(0, 800);
    concealment.pass(heard, 0, 80);
    for (let at = 80; at < 800; at += BLOCK) concealment.pass(heard.subarray(at, at + BLOCK), 0, BLOCK);
    concealment.splice();
    const next = said.slice(830, 830 + BLOCK);
    const before = decodeSample('ulaw', heard[799]!);
    concealment.pass(next, 0, BLOCK);
    const original = samples(said);
    const largest = Math.max(...original.slice(1).map((value, i) => Math.abs(value - original[i]!)));
    expect(Math.abs(decodeSample('ulaw', next[0]!) - before)).toBeLessThan(1.5 * largest);
    expect(next.subarray(30)).toEqual(said.subarray(860, 830 + BLOCK));
  });
});
