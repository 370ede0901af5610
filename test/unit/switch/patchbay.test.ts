import { describe, expect, it } from 'vitest';
import { NOTHING, type Source } from '../../../src/base/media-port.ts';
import { Patchbay } from '../../../src/switch/patchbay.ts';
import { RecordingMedia } from './fakes.ts';

const TONE: Source = { kind: 'tone', pattern: { steps: [{ hz: [425], ms: 0 }] } };

function bay() {
  const media = new RecordingMedia();
  return { media, patchbay: new Patchbay(media) };
}

describe('the patchbay', () => {
  it('lets two bridged legs hear each other', () => {
    const { media, patchbay } = bay();
    patchbay.bridge(1, 2, 0);
    expect([media.heardBy(1), media.heardBy(2)]).toEqual([2, 1]);
  });

  it('starts a tone again when it is asked for again', () => {
    const { media, patchbay } = bay();
    patchbay.hear(1, TONE, 0);
    patchbay.hear(1, TONE, 10);
    expect(media.history).toEqual(['1<tone', '1<tone']);
  });

  it('tells the media plane nothing about streams that did not change', () => {
    const { media, patchbay } = bay();
    patchbay.bridge(1, 2, 0);
    patchbay.hear(3, TONE, 0);
    expect(media.history).toEqual(['1<2', '2<1', '3<tone']);
  });

  it('leaves a listener in silence when the one it heard is gone', () => {
    const { media, patchbay } = bay();
    patchbay.bridge(1, 2, 0);
    patchbay.release(2, 1);
    expect(media.heardBy(1)).toBe('nothing');
    patchbay.release(1, 2);
    expect(patchbay.size).toBe(0);
  });

  it('joins the two sides of a Local channel directly', () => {
    const { media, patchbay } = bay();
    patchbay.pair(10, 11);
    patchbay.bridge(1, 10, 0);
    patchbay.bridge(11, 2, 0);
    expect([media.heardBy(1), media.heardBy(2)]).toEqual([2, 1]);
    expect(media.hears.has(10) || media.hears.has(11)).toBe(false);
  });

  it('joins through a chain of Local channels, whichever was patched first', () => {
    const { media, patchbay } = bay();
    patchbay.pair(10, 11);
    patchbay.pair(20, 21);
    patchbay.bridge(21, 2, 0);
    patchbay.bridge(11, 20, 0);
    patchbay.bridge(1, 10, 0);
    expect([media.heardBy(1), media.heardBy(2)]).toEqual([2, 1]);
  });

  it('plays into one half of a Local channel what the caller on the other hears', () => {
    const { media, patchbay } = bay();
    patchbay.pair(10, 11);
    patchbay.bridge(1, 10, 0);
    patchbay.hear(11, TONE, 0);
    expect(media.heardBy(1)).toBe('tone');
    patchbay.hear(11, { kind: 'stream', stream: 11 }, 0);
    expect(media.heardBy(1)).toBe(1);
  });

  it('gives silence where Local channels form a ring', () => {
    const { media, patchbay } = bay();
    patchbay.pair(10, 11);
    patchbay.pair(20, 21);
    patchbay.bridge(11, 20, 0);
    patchbay.bridge(21, 10, 0);
    patchbay.hear(1, { kind: 'stream', stream: 10 }, 0);
    expect(media.heardBy(1)).toBe('nothing');
  });

  it('is empty when every leg of a Local call is gone', () => {
    const { media, patchbay } = bay();
    patchbay.pair(10, 11);
    patchbay.bridge(1, 10, 0);
    patchbay.bridge(11, 2, 0);
    for (const stream of [2, 11, 10]) patchbay.release(stream, 0);
    expect(media.heardBy(1)).toBe('nothing');
    patchbay.hear(1, NOTHING, 0);
    patchbay.release(1, 0);
    expect(patchbay.size).toBe(0);
  });
});
