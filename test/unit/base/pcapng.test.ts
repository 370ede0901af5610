import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { pcapngDatagram, pcapngHeader, pcapngSegment } from '../../../src/base/pcapng.ts';

const A = { ip: '192.0.2.1', port: 4569 };
const B = { ip: '198.51.100.7', port: 5000 };

/** The blocks of a file: type and body, each checked for its two lengths. */
function blocksOf(bytes: Uint8Array): { readonly type: number; readonly body: Uint8Array }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const blocks: { readonly type: number; readonly body: Uint8Array }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    expect(length % 4).toBe(0);
    expect(view.getUint32(at + length - 4, true)).toBe(length);
    blocks.push({ type: view.getUint32(at, true), body: bytes.slice(at + 8, at + length - 4) });
    at += length;
  }
  return blocks;
}

/** The Internet checksum over whole words: 0 where what it protects is whole. */
function remainder(...parts: readonly Uint8Array[]): number {
  const bytes = parts.flatMap((part) => [...part]);
  if (bytes.length % 2 === 1) bytes.push(0);
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return 0xffff - sum;
}

function packetOf(bytes: Uint8Array): Uint8Array {
  const { type, body } = blocksOf(bytes)[0]!;
  expect(type).toBe(6);
  const view = new DataView(body.buffer);
  expect(view.getUint32(16, true)).toBe(view.getUint32(12, true));
  return body.slice(20, 20 + view.getUint32(12, true));
}

describe('a capture file', () => {
  it('begins with a section and one interface of raw IP packets', () => {
    const [section, description, ...more] = blocksOf(pcapngHeader('branchline 1.0.0'));
    expect(more).toEqual([]);
    expect(section!.type).toBe(0x0a0d0d0a);
    expect(toHex(section!.body.subarray(0, 16))).toBe('4d3c2b1a01000000ffffffffffffffff');
    expect(description!.type).toBe(1);
    expect(toHex(description!.body.subarray(0, 8))).toBe('6500000000000000');
  });

  it('has a datagram as an IPv4 packet whose lengths and checksums hold', () => {
    for (const length of [0, 1, 4, 163, 164]) {
      const payload = Uint8Array.from({ length }, (_, i) => i);
      const packet = packetOf(pcapngDatagram('out', A, B, payload, 1_795_000_000_000));
      const view = new DataView(packet.buffer);
      expect(packet.length).toBe(28 + length);
      expect(toHex(packet.subarray(0, 4))).toBe(`4500${(28 + length).toString(16).padStart(4, '0')}`);
      expect(toHex(packet.subarray(12, 20))).toBe('c0000201c6336407');
      expect([view.getUint16(20), view.getUint16(22), view.getUint16(24)]).toEqual([4569, 5000, 8 + length]);
      expect(packet.subarray(28)).toEqual(payload);
      expect(remainder(packet.subarray(0, 20))).toBe(0);
      expect(remainder(packet.subarray(12, 20), Uint8Array.of(0, 17, 0, 8 + length), packet.subarray(20))).toBe(0);
    }
  });

  it('has a datagram as an IPv6 packet where either end is', () => {
    const payload = Uint8Array.of(1, 2, 3);
    const packet = packetOf(pcapngDatagram('in', { ip: '2001:db8::1', port: 1 }, A, payload, 0));
    expect(toHex(packet.subarray(0, 8))).toBe('60000000000b1140');
    expect(toHex(packet.subarray(24, 40))).toBe('00000000000000000000ffffc0000201');
    expect(remainder(packet.subarray(8, 40), Uint8Array.of(0, 17, 0, 11), packet.subarray(40))).toBe(0);
  });

  it('has the bytes of a connection as a TCP segment in its place of the stream', () => {
    for (const length of [1, 2, 333]) {
      const payload = Uint8Array.from({ length }, (_, i) => i);
      const packet = packetOf(pcapngSegment('in', A, B, payload, { sent: 1_000, taken: 20 }, 0));
      const view = new DataView(packet.buffer);
      expect(view.getUint8(9)).toBe(6);
      expect([view.getUint32(24), view.getUint32(28), view.getUint16(32)]).toEqual([1_001, 21, 0x5018]);
      expect(packet.subarray(40)).toEqual(payload);
      expect(remainder(packet.subarray(0, 20))).toBe(0);
      const tcp = packet.subarray(20);
      expect(remainder(packet.subarray(12, 20), Uint8Array.of(0, 6, tcp.length >> 8, tcp.length & 0xff), tcp)).toBe(0);
    }
  });

  it('tells the time to the microsecond and the direction', () => {
    const { body } = blocksOf(pcapngDatagram('in', B, A, Uint8Array.of(1), 1_795_000_000_123.456))[0]!;
    const view = new DataView(body.buffer);
    expect(view.getUint32(4, true) * 2 ** 32 + view.getUint32(8, true)).toBe(1_795_000_000_123_456);
    expect(toHex(body.subarray(-12))).toBe('020004000100000000000000');
  });
});
