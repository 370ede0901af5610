import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc16, encodeFrame, FrameDecoder } from '../../../firmware-bridge/frame.ts';
import { LINK } from '../../../firmware-bridge/messages.ts';
import { concatBytes, fromHex, toHex, utf8Encode } from '../../../src/base/bytes.ts';
import { Counters } from '../../../src/base/counters.ts';

const MAX_PAYLOAD = LINK.MAX_FRAME - 4;

function read(chunks: readonly Uint8Array[], counters = new Counters()) {
  const decoder = new FrameDecoder(counters);
  return chunks.flatMap((chunk) =>
    [...decodeAll(decoder, chunk)].map(({ code, sequence, payload }) => [code, sequence, toHex(payload)] as const),
  );
}

function* decodeAll(decoder: FrameDecoder, chunk: Uint8Array) {
  for (const frame of decoder.frames(chunk)) yield { ...frame, payload: frame.payload.slice() };
}

const payloads = fc.uint8Array({ maxLength: MAX_PAYLOAD });
/** No delimiter: what noise does to one frame. */
const dirt = fc.uint8Array({ minLength: 1, maxLength: 1000 }).map((bytes) => bytes.map((byte) => byte || 1));

describe('a frame of the link', () => {
  it('has the check sum that CRC-16/CCITT-FALSE is known by', () => {
    expect(crc16(utf8Encode('123456789'))).toBe(0x29b1);
    expect(crc16(new Uint8Array(0))).toBe(0xffff);
  });

  it('has no zero byte but its two delimiters', () => {
    expect(toHex(encodeFrame(3, 0, fromHex('0000')!))).toBe('0002030101031c1f00');
    fc.assert(
      fc.property(payloads, (payload) => {
        const wire = encodeFrame(0x10, 0, payload);
        expect([wire[0], wire.at(-1)]).toEqual([0, 0]);
        expect(wire.subarray(1, -1).includes(0)).toBe(false);
        expect(wire.length).toBeLessThanOrEqual(payload.length + 4 + 3 + 1);
      }),
      { seed: 1 },
    );
  });

  it('comes back as it went, however the wire cuts it', () => {
    fc.assert(
      fc.property(payloads, fc.nat(255), fc.nat(500), (payload, sequence, cut) => {
        const wire = encodeFrame(0x11, sequence, payload);
        expect(read([wire.subarray(0, cut), wire.subarray(cut)])).toEqual([[0x11, sequence, toHex(payload)]]);
      }),
      { seed: 2 },
    );
  });

  it.each([252, 253, 254, 255, 256, MAX_PAYLOAD])('holds %i bytes without a zero among them', (length) => {
    const payload = new Uint8Array(length).fill(7);
    expect(read([encodeFrame(1, 1, payload)])).toEqual([[1, 1, toHex(payload)]]);
  });
});

describe('FrameDecoder', () => {
  const good = encodeFrame(0x05, 9, fromHex('0301020304')!);
  const goods = [
    [5, 9, '0301020304'],
    [5, 9, '0301020304'],
  ];

  it('loses no good frame after noise of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1200 }), (noise) => {
        const found = read([noise, good, good]);
        expect(found.slice(-2)).toEqual(goods);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  it('loses no good frame after one that was cut anywhere', () => {
    for (let cut = 0; cut < good.length - 1; cut++) expect(read([good.subarray(0, cut), good])).toEqual(goods.slice(1));
  });

  it('loses no good frame to stray delimiters', () => {
    expect(read([Uint8Array.of(0, 0, 0), good, Uint8Array.of(0), good])).toEqual(goods);
  });

  it.each([
    ['ff', 'frame-broken'],
    ['05 01', 'frame-broken'],
    ['02 05', 'frame-too-short'],
    ['05 01 02 03 04', 'bad-crc'],
  ])('counts %s as noise', (hex, reason) => {
    const counters = new Counters();
    expect(read([Uint8Array.of(0), fromHex(hex)!, good], counters)).toHaveLength(1);
    expect(counters.snapshot()).toEqual({ [`hat.${reason}`]: 1 });
  });

  it('counts what never ends, once, and keeps no more of it than a frame', () => {
    const counters = new Counters();
    expect(read([new Uint8Array(100_000).fill(1), good], counters)).toEqual(goods.slice(1));
    expect(counters.snapshot()).toEqual({ 'hat.frame-too-long': 1 });
  });

  it('believes no frame with a wrong bit', () => {
    for (let bit = 8; bit < 8 * (good.length - 1); bit++) {
      const wrong = good.slice();
      wrong[bit >> 3]! ^= 1 << (bit & 7);
      expect(read([wrong, good])).toEqual(goods.slice(1));
    }
  });

  it('finds every frame between stretches of dirt', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(dirt, payloads), { minLength: 1, maxLength: 8 }), (stretches) => {
        const wire = concatBytes(stretches.flatMap(([noise, payload]) => [noise, encodeFrame(0x10, 1, payload)]));
        expect(read([wire])).toEqual(stretches.map(([, payload]) => [0x10, 1, toHex(payload)]));
      }),
      { seed: 4 },
    );
  });
});
