import { describe, expect, it } from 'vitest';
import {
  decodePreferences,
  encodePreferences,
  FORMAT_NAMES,
  formatMaskText,
  formatName,
  formatOf,
  formatsOf,
  includesFormat,
  isAudio,
  isFormatName,
  maskOf,
  type Negotiation,
  negotiate,
  sampleRateHz,
} from '../../../src/iax2/media-format.ts';

const ULAW = 4;
const ALAW = 8;
const GSM = 2;
const G722 = 0x1000;
const OPUS = 2 ** 34;
const H264 = 2 ** 21;

describe('media formats', () => {
  it.each([
    ['ulaw', 0x4],
    ['alaw', 0x8],
    ['gsm', 0x2],
    ['g729', 0x100],
    ['g722', 0x1000],
    ['h264', 0x20_0000],
    ['t140', 0x800_0000],
    ['g719', 2 ** 32],
    ['opus', 2 ** 34],
  ] as const)('%s is %d [RFC5456 §8.7]', (name, format) => {
    expect(formatOf(name)).toBe(format);
    expect(formatName(format)).toBe(name);
  });

  it('bits 4 and 11 are named as Asterisk names them, not as the RFC does [RFC5456 §8.7]', () => {
    expect(formatName(0x10)).toBe('g726aal2');
    expect(formatName(0x800)).toBe('g726');
  });

  it('have names that are told from other words', () => {
    expect(isFormatName('ulaw')).toBe(true);
    expect(isFormatName('toString')).toBe(false);
    expect(formatName(6)).toBeUndefined();
    expect(formatName(2 ** 40)).toBeUndefined();
  });

  it('each have one bit and one letter of their own', () => {
    const formats = FORMAT_NAMES.map(formatOf);
    expect(new Set(formats).size).toBe(formats.length);
    for (const format of formats) expect(decodePreferences(encodePreferences([format]))).toEqual([format]);
  });

  it('are audio or not, at their rate', () => {
    expect([ULAW, G722, OPUS].map(sampleRateHz)).toEqual([8000, 16_000, 48_000]);
    expect([ULAW, H264, 2 ** 27, 2 ** 16, 2 ** 50].map(isAudio)).toEqual([true, false, false, false, false]);
  });

  it('make sets of up to 64 bits', () => {
    const mask = maskOf([OPUS, ULAW, 2 ** 63]);
    expect(mask).toBe((1n << 63n) | (1n << 34n) | 4n);
    expect(formatsOf(mask)).toEqual([ULAW, OPUS, 2 ** 63]);
    expect(includesFormat(mask, OPUS)).toBe(true);
    expect(includesFormat(mask, ALAW)).toBe(false);
  });

  it('print as operators read them', () => {
    expect(formatMaskText(maskOf([ULAW, ALAW]))).toBe('(ulaw|alaw)');
    expect(formatMaskText(0n)).toBe('(nothing)');
    expect(formatMaskText(1n << 40n)).toBe('(0x10000000000)');
  });
});

describe('preferences', () => {
  it('of µ-law, then A-law are DE [RFC5456 §8.6.35]', () => {
    expect(encodePreferences([ULAW, ALAW])).toBe('DE');
    expect(decodePreferences('DE')).toEqual([ULAW, ALAW]);
  });

  it.each([
    ['B', 'g723'],
    ['C', 'gsm'],
    ['F', 'g726'],
    ['L', 'speex16'],
    ['N', 'g726aal2'],
    ['O', 'g722'],
    ['[', 'siren14'],
    [']', 'g719'],
    ['f', 'opus'],
    ['g', 'vp8'],
  ] as const)('have the letter %s for %s', (letter, name) => {
    expect(decodePreferences(letter)).toEqual([formatOf(name)]);
  });

  it('end at an A, and pass over unknown letters and repetitions', () => {
    expect(decodePreferences('D~DEAC')).toEqual([ULAW, ALAW]);
  });

  it('leave out a format without a letter', () => {
    expect(encodePreferences([2 ** 40, ULAW])).toBe('D');
  });
});

describe('negotiation', () => {
  const offer: Negotiation = {
    priority: 'host',
    ours: [ALAW, ULAW, GSM],
    capability: maskOf([ULAW, ALAW, GSM, H264]),
    requested: maskOf([GSM]),
    preferences: [GSM, ULAW],
  };

  it('by the host takes our first that the caller can [RFC5456 §6.2.2]', () => {
    expect(negotiate(offer)).toBe(ALAW);
    expect(negotiate({ ...offer, capability: maskOf([GSM, ULAW]) })).toBe(ULAW);
  });

  it('by the caller takes its first that we can', () => {
    expect(negotiate({ ...offer, priority: 'caller' })).toBe(GSM);
    expect(negotiate({ ...offer, priority: 'caller', ours: [ALAW, ULAW] })).toBe(ULAW);
  });

  it('by a caller that sends no preferences falls back on ours', () => {
    expect(negotiate({ ...offer, priority: 'caller', preferences: [] })).toBe(ALAW);
  });

  it('by nobody takes what was asked for, else the best that both can', () => {
    expect(negotiate({ ...offer, priority: 'disabled' })).toBe(GSM);
    expect(negotiate({ ...offer, priority: 'disabled', requested: maskOf([G722]) })).toBe(ULAW);
  });

  it('by request only takes what was asked for or nothing', () => {
    expect(negotiate({ ...offer, priority: 'reqonly' })).toBe(GSM);
    expect(negotiate({ ...offer, priority: 'reqonly', requested: maskOf([G722]) })).toBeUndefined();
  });

  it('never chooses what only one side can, and never video', () => {
    for (const priority of ['host', 'caller', 'disabled', 'reqonly'] as const)
      expect(
        negotiate({
          priority,
          ours: [G722, H264],
          capability: maskOf([ULAW, H264]),
          requested: maskOf([ULAW, H264]),
          preferences: [ULAW, H264],
        }),
      ).toBeUndefined();
  });
});
