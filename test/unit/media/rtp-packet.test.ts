import { describe, expect, it } from 'vitest';
import { isRtcp, RtpHeader, sequenceDistance, writeRtpHeader } from '../../../src/media/rtp-packet.ts';
import { decodeRtp, encodeRtp } from './plane-harness.ts';

const PACKET = encodeRtp({
  payloadType: 8,
  marker: true,
  sequence: 0xfedc,
  timestamp: 0xfedcba98,
  payload: Uint8Array.of(1, 2, 3),
});

function read(bytes: Uint8Array): RtpHeader | undefined {
  const header = new RtpHeader();
  return header.read(bytes) ? header : undefined;
}

describe('the header of an RTP packet', () => {
  it('is read field by field [RFC3550 §5.1]', () => {
    expect(read(PACKET)).toEqual({
      payloadType: 8,
      marker: true,
      sequence: 0xfedc,
      timestamp: 0xfedcba98 | 0,
      ssrc: 77,
      payloadAt: 12,
      payloadLength: 3,
    });
  });

  it('may name contributors, carry an extension and be padded; the payload lies between', () => {
    const bytes = Uint8Array.from([
      ...[0xb2, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],
      ...[1, 1, 1, 1, 2, 2, 2, 2],
      ...[0xbe, 0xde, 0, 1, 9, 9, 9, 9],
      ...[7, 8, 0, 0, 3],
    ]);
    expect(read(bytes)).toMatchObject({ payloadAt: 28, payloadLength: 2 });
  });

  it.each([
    ['too short', PACKET.subarray(0, 11)],
    ['of version 1', Uint8Array.of(0x40, ...PACKET.subarray(1))],
    ['with more contributors than bytes', Uint8Array.of(0x8f, ...PACKET.subarray(1))],
    ['with an extension longer than it', Uint8Array.of(0x90, ...PACKET.subarray(1, 12), 0, 0, 0, 5)],
    ['with half an extension header', Uint8Array.of(0x90, ...PACKET.subarray(1, 12), 0, 0)],
    ['with more padding than payload', Uint8Array.of(0xa0, ...PACKET.subarray(1, 12), 1, 2, 200)],
    ['with padding of no length', Uint8Array.of(0xa0, ...PACKET.subarray(1, 12), 1, 2, 0)],
    ['empty', new Uint8Array(0)],
  ])('is refused %s', (_, bytes) => {
    expect(read(bytes)).toBeUndefined();
  });

  it('is written as it is read', () => {
    const bytes = new Uint8Array(12);
    writeRtpHeader(bytes, 101, true, 0xabcd, 0x89abcdef, 0xfffffffe);
    expect(decodeRtp(bytes)).toMatchObject({
      payloadType: 101,
      marker: true,
      sequence: 0xabcd,
      timestamp: 0x89abcdef,
      ssrc: 0xfffffffe,
    });
  });

  it('is told from RTCP on one port by its second byte [RFC5761 §4]', () => {
    expect(isRtcp(PACKET)).toBe(false);
    expect(isRtcp(Uint8Array.of(0x80, 200, 0, 1, 0, 0, 0, 0))).toBe(true);
    expect(isRtcp(Uint8Array.of(0x80, 200))).toBe(false);
  });

  it('has a sequence number that wraps', () => {
    expect(sequenceDistance(2, 65_534)).toBe(4);
    expect(sequenceDistance(65_534, 2)).toBe(-4);
  });
});
