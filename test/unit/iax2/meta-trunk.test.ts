import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { decodeMetaTrunkFrame, encodeMetaTrunkFrame, TrunkReader } from '../../../src/iax2/meta-trunk.ts';

const ENTRIES = [
  { sourceCall: 16_385, timestamp: 1080, payload: Uint8Array.of(1, 2, 3, 4) },
  { sourceCall: 2, timestamp: 65_535, payload: new Uint8Array(0) },
  { sourceCall: 32_767, timestamp: 0, payload: Uint8Array.of(5, 6) },
];

describe.each([true, false])('a trunk frame, with timestamps: %s', (withTimestamps) => {
  const bytes = encodeMetaTrunkFrame({ timestamp: 0xffff_fffe, withTimestamps, entries: ENTRIES });
  const header = withTimestamps ? 6 : 4;

  it('has each call’s number, length and payload [RFC5456 §7.1] [RFC5456 §8.1.3.2]', () => {
    const frame = decodeMetaTrunkFrame(bytes);
    if (frame.type === 'malformed') expect.unreachable();
    expect(frame).toMatchObject({ timestamp: 0xffff_fffe, withTimestamps });
    expect(frame.entries).toEqual(
      ENTRIES.map((entry) => ({ ...entry, timestamp: withTimestamps ? entry.timestamp : undefined })),
    );
  });

  it('is malformed when cut anywhere but between two calls', () => {
    const whole = [8, 8 + header + 4, 8 + 2 * header + 4, bytes.length];
    for (let length = 8; length <= bytes.length; length++)
      expect(decodeMetaTrunkFrame(bytes.slice(0, length)).type).toBe(
        whole.includes(length) ? 'meta-trunk' : 'malformed',
      );
  });

  it('with a length off by one never throws, and never reads past its end', () => {
    for (const at of [8, 8 + header + 4, 8 + 2 * header + 4]) {
      for (const step of [1, -1]) {
        const bad = bytes.slice();
        const field = at + (withTimestamps ? 0 : 2);
        bad[field + 1]! += step;
        const reader = new TrunkReader();
        expect(reader.begin(bad)).toBe(true);
        while (reader.next()) expect(reader.payloadAt + reader.payloadLength).toBeLessThanOrEqual(bad.length);
      }
    }
  });

  it('is read in place without allocating, in the middle of a buffer', () => {
    const buffer = new Uint8Array(100).fill(0xee);
    buffer.set(bytes, 30);
    const reader = new TrunkReader();
    expect(reader.begin(buffer, 30, bytes.length)).toBe(true);
    const seen: unknown[] = [];
    while (reader.next()) {
      const { sourceCall, entryTimestamp, payloadAt, payloadLength } = reader;
      seen.push([sourceCall, entryTimestamp, toHex(buffer.subarray(payloadAt, payloadAt + payloadLength))]);
    }
    expect(seen).toEqual(
      ENTRIES.map(({ sourceCall, timestamp, payload }) => [sourceCall, withTimestamps ? timestamp : 0, toHex(payload)]),
    );
    expect(reader.overrun).toBe(false);
  });
});

describe('the reader of trunk frames', () => {
  it('gives the calls before a broken one, and says that it broke off', () => {
    const reader = new TrunkReader();
    reader.begin(fromHex('0000010000000014 0002 0001 aa 0003 0009 bb')!);
    expect(reader.next()).toBe(true);
    expect(reader.sourceCall).toBe(2);
    expect(reader.next()).toBe(false);
    expect(reader.overrun).toBe(true);
    expect(reader.next()).toBe(false);
  });

  it('forgets the frame before', () => {
    const reader = new TrunkReader();
    reader.begin(fromHex('0000010000000014 0002 0009')!);
    reader.next();
    expect(reader.begin(fromHex('0000020000000014')!)).toBe(false);
    expect(reader.next()).toBe(false);
    expect(reader.overrun).toBe(false);
  });
});
