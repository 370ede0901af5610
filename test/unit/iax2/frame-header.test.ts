import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { encodeFullFrame, encodeMiniFrame, encodeVideoMiniFrame } from '../../../src/iax2/frame.ts';
import {
  frameKind,
  isFullFrame,
  readDestinationCall,
  readFrameType,
  readFullTimestamp,
  readMiniTimestamp,
  readSourceCall,
  readSubclassByte,
  readVideoSourceCall,
  readVideoTimestamp,
  writeMiniHeader,
} from '../../../src/iax2/frame-header.ts';
import { encodeMetaTrunkFrame } from '../../../src/iax2/meta-trunk.ts';
import { FRAME_TYPE } from '../../../src/iax2/subclass.ts';

const FULL = encodeFullFrame({
  sourceCall: 0x7ffe,
  destinationCall: 0x1234,
  retransmission: true,
  timestamp: 0xfedc_ba98,
  frameType: FRAME_TYPE.VOICE,
  subclass: 256,
});
const MINI = encodeMiniFrame(0x7ffe, 0xfff0, Uint8Array.of(1, 2, 3));
const VIDEO = encodeVideoMiniFrame({ sourceCall: 0x7ffe, timestamp: 0x7ff0, marker: true, payload: Uint8Array.of(1) });
const TRUNK = encodeMetaTrunkFrame({ timestamp: 1, withTimestamps: false, entries: [] });

/** A datagram in the middle of a large buffer, as batched reading leaves it. */
function amid(datagram: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(64).fill(0xee);
  buffer.set(datagram, 20);
  return buffer;
}

describe('frame headers', () => {
  it('tell the kind of frame, also in the middle of a buffer [RFC5456 §6] [RFC5456 §8.1] [RFC5456 §8.1.3.1]', () => {
    for (const [datagram, kind] of [
      [FULL, 'full'],
      [MINI, 'mini'],
      [VIDEO, 'video-mini'],
      [TRUNK, 'meta'],
    ] as const) {
      expect(frameKind(datagram)).toBe(kind);
      expect(frameKind(amid(datagram), 20, datagram.length)).toBe(kind);
      expect(isFullFrame(amid(datagram), 20, datagram.length)).toBe(kind === 'full');
    }
  });

  it('are short when one byte is missing', () => {
    expect(frameKind(FULL, 0, 11)).toBe('short');
    expect(isFullFrame(FULL, 0, 11)).toBe(false);
    expect(frameKind(MINI, 0, 3)).toBe('short');
    expect(frameKind(VIDEO, 0, 5)).toBe('short');
    expect(frameKind(TRUNK, 0, 7)).toBe('short');
    expect(frameKind(new Uint8Array(0))).toBe('short');
  });

  it('are read in place', () => {
    const full = amid(FULL);
    expect(readSourceCall(full, 20)).toBe(0x7ffe);
    expect(readDestinationCall(full, 20)).toBe(0x1234);
    expect(readFullTimestamp(full, 20)).toBe(0xfedc_ba98);
    expect(readFrameType(full, 20)).toBe(FRAME_TYPE.VOICE);
    expect(readSubclassByte(full, 20)).toBe(0x88);
    const mini = amid(MINI);
    expect(readSourceCall(mini, 20)).toBe(0x7ffe);
    expect(readMiniTimestamp(mini, 20)).toBe(0xfff0);
    const video = amid(VIDEO);
    expect(readVideoSourceCall(video, 20)).toBe(0x7ffe);
    expect(readVideoTimestamp(video, 20)).toBe(0x7ff0);
  });

  it('of mini frames take the low 16 bits of a timestamp [RFC5456 §8.1.2]', () => {
    const bytes = new Uint8Array(6);
    writeMiniHeader(bytes, 1, 5, 0x12_3456);
    expect(toHex(bytes)).toBe('000005345600');
  });
});
