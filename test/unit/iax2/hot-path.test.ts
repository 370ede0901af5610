import { describe, expect, it } from 'vitest';
import { encodeMiniFrame } from '../../../src/iax2/frame.ts';
import {
  frameKind,
  readMiniTimestamp,
  readSourceCall,
  readVideoMarker,
  readVideoSourceCall,
  readVideoTimestamp,
  writeMiniHeader,
  writeVideoMiniHeader,
} from '../../../src/iax2/frame-header.ts';
import { encodeMetaTrunkFrame, TrunkReader } from '../../../src/iax2/meta-trunk.ts';
import { bytesPerCall, NOTHING } from '../../support/heap.ts';

const voice = new Uint8Array(160).fill(0xff);

function trunkOf(withTimestamps: boolean): Uint8Array {
  const entries = Array.from({ length: 7 }, (_, i) => ({
    sourceCall: 5 + i,
    timestamp: withTimestamps ? 20 : undefined,
    payload: voice,
  }));
  // Above 2^31, where a number does not fit into a tagged word any more.
  return encodeMetaTrunkFrame({ timestamp: 0xf000_0000, withTimestamps, entries });
}

describe('what is done with each frame of voice takes no memory', () => {
  it('sees an object where there is one', () => {
    let kept: unknown;
    const bytes = bytesPerCall(() => {
      kept = { at: kept === undefined ? 1 : 2 };
      return 1;
    });
    expect(bytes).toBeGreaterThan(8 * NOTHING);
  });

  it('to read a mini frame', () => {
    const mini = encodeMiniFrame(0x7fff, 0xffff, voice);
    const read = () => (frameKind(mini) === 'mini' ? readSourceCall(mini) + readMiniTimestamp(mini) : 0);
    expect(bytesPerCall(read)).toBeLessThan(NOTHING);
  });

  it('to write one', () => {
    const datagram = new Uint8Array(164);
    const write = () => {
      writeMiniHeader(datagram, 0, 0x7fff, 0x1234_5678);
      return datagram[3]!;
    };
    expect(bytesPerCall(write)).toBeLessThan(NOTHING);
  });

  it('to write and read a mini frame of video', () => {
    const datagram = new Uint8Array(1_000);
    const both = () => {
      writeVideoMiniHeader(datagram, 0, 0x7fff, 0x7ffe, true);
      if (frameKind(datagram) !== 'video-mini' || !readVideoMarker(datagram)) return 0;
      return readVideoSourceCall(datagram) + readVideoTimestamp(datagram);
    };
    expect(bytesPerCall(both)).toBeLessThan(NOTHING);
  });

  it.each([true, false])('to read the seven calls of a trunk frame, with timestamps: %s', (withTimestamps) => {
    const trunk = trunkOf(withTimestamps);
    const reader = new TrunkReader();
    const read = () => {
      let sum = 0;
      if (frameKind(trunk) !== 'meta' || !reader.begin(trunk)) return 0;
      while (reader.next()) sum |= reader.sourceCall | reader.entryTimestamp | reader.payloadAt | reader.payloadLength;
      return sum | (reader.timestamp & 0xff);
    };
    expect(bytesPerCall(read)).toBeLessThan(NOTHING);
  });
});
