import { expect, it } from 'vitest';
import { type FormatName, formatOf } from '../../../src/iax2/media-format.ts';
import { durationMsOf } from '../../../src/media/voice-frames.ts';

it.each<[FormatName, bytes: number, ms: number]>([
  ['ulaw', 160, 20],
  ['alaw', 240, 30],
  ['g722', 160, 20],
  ['g726', 80, 20],
  ['slin', 320, 20],
  ['gsm', 33, 20],
  ['gsm', 66, 40],
  ['g729', 20, 20],
  ['g729', 22, 20],
  ['g729', 2, 10],
  ['ilbc', 50, 30],
  ['ilbc', 38, 20],
  ['ilbc', 100, 60],
  ['ilbc', 76, 40],
  ['speex', 43, 20],
  ['opus', 97, 20],
])('a packet of %s with %i bytes lasts %i ms', (codec, bytes, ms) => {
  expect(durationMsOf(formatOf(codec), bytes)).toBe(ms);
});
