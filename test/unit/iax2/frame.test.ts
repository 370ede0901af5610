import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { decodeFrame, encodeFrame, encodeFullFrame } from '../../../src/iax2/frame.ts';
import { markRetransmission } from '../../../src/iax2/frame-header.ts';
import {
  decodeInformationElements,
  encodeInformationElements,
  type InformationElements,
} from '../../../src/iax2/information-element.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from '../../../src/iax2/subclass.ts';
import { anyFrame } from '../../support/iax2-arbitraries.ts';
import { FRAME_VECTORS, MALFORMED_VECTORS } from '../../vectors/iax2/frames.ts';

describe.each(FRAME_VECTORS)('$name', ({ hex, frame, elements }) => {
  const bytes = fromHex(hex)!;

  it('decodes [RFC5456 §8.1]', () => {
    expect(decodeFrame(bytes)).toEqual(frame);
  });

  it('encodes [RFC5456 §8.1]', () => {
    expect(toHex(encodeFrame(frame))).toBe(hex);
  });

  it('comes back the same through decoding and encoding', () => {
    const decoded = decodeFrame(bytes);
    if (decoded.type === 'malformed') expect.unreachable(decoded.reason);
    expect(toHex(encodeFrame(decoded))).toBe(hex);
  });

  it('never throws when cut at any byte, and says what is missing', () => {
    for (let length = 0; length < bytes.length; length++) {
      const cut = decodeFrame(bytes.slice(0, length));
      const shortest = frame.type === 'full' ? 12 : frame.type === 'mini' ? 4 : 8;
      if (length < shortest) expect(cut.type).toBe('malformed');
      else if (cut.type === 'full') expect(cut.body).toEqual(bytes.slice(12, length));
      else if (cut.type === 'mini') expect(cut.payload).toEqual(bytes.slice(4, length));
    }
  });

  it('takes trailing bytes into the payload, or calls them malformed', () => {
    const more = decodeFrame(Uint8Array.of(...bytes, 0xaa));
    if (frame.type === 'full' && more.type === 'full') expect(more.body.at(-1)).toBe(0xaa);
    else if (frame.type === 'mini' && more.type === 'mini') expect(more.payload.at(-1)).toBe(0xaa);
    else expect(more).toEqual({ type: 'malformed', reason: 'trunk-overrun' });
  });

  if (elements !== undefined) {
    it('has the information elements it should [RFC5456 §8.6]', () => {
      expect(decodeInformationElements(bytes.subarray(12))).toEqual(elements);
      expect(toHex(encodeInformationElements(elements))).toBe(toHex(bytes.subarray(12)));
    });

    it('gives its elements back in the order in which they came', () => {
      const decoded = decodeInformationElements(bytes.subarray(12));
      expect(toHex(encodeInformationElements(decoded as InformationElements, 'as-given'))).toBe(
        toHex(bytes.subarray(12)),
      );
    });
  }
});

describe('malformed datagrams', () => {
  it.each(MALFORMED_VECTORS)('$name is malformed: $reason', ({ hex, reason }) => {
    expect(decodeFrame(fromHex(hex)!)).toEqual({ type: 'malformed', reason });
  });
});

describe('full frames', () => {
  const voice = { sourceCall: 2, frameType: FRAME_TYPE.VOICE };

  it('read the format of 0x82, as the RFC writes µ-law, and of 0x04, as Asterisk does, as the same [RFC5456 §8.1.1]', () => {
    for (const code of ['04', '82']) {
      const frame = decodeFrame(fromHex(`8002138800000424020402${code}`)!);
      expect(frame).toMatchObject({ type: 'full', frameType: FRAME_TYPE.VOICE, subclass: 4 });
    }
  });

  it('carry formats above 32 bits', () => {
    const opus = encodeFullFrame({ ...voice, subclass: 2 ** 34 });
    expect(opus[11]).toBe(0xa2);
    expect(decodeFrame(opus)).toMatchObject({ subclass: 2 ** 34 });
  });

  it('carry the marker of a picture beside its format', () => {
    const marked = encodeFullFrame({ sourceCall: 2, frameType: FRAME_TYPE.VIDEO, subclass: 2 ** 21, marker: true });
    expect(marked[11]).toBe(0xd5);
    expect(decodeFrame(marked)).toMatchObject({ subclass: 2 ** 21, marker: true });
  });

  it('carry a marked picture of the highest format, which is not the -1 of other types', () => {
    const marked = encodeFullFrame({ sourceCall: 2, frameType: FRAME_TYPE.VIDEO, subclass: 2 ** 63, marker: true });
    expect(decodeFrame(marked)).toMatchObject({ subclass: 2 ** 63, marker: true });
  });

  it('carry the one format of video that would read as the marker if written literally', () => {
    const frame = encodeFullFrame({ sourceCall: 2, frameType: FRAME_TYPE.VIDEO, subclass: 64 });
    expect(frame[11]).toBe(0x86);
    expect(decodeFrame(frame)).toMatchObject({ subclass: 64, marker: false });
    expect(() => encodeFullFrame({ sourceCall: 2, frameType: FRAME_TYPE.VIDEO, subclass: -1 })).toThrow(RangeError);
  });

  it('carry -1, Asterisk’s end of indications', () => {
    const stop = encodeFullFrame({ sourceCall: 2, frameType: FRAME_TYPE.CONTROL, subclass: -1 });
    expect(stop[11]).toBe(0xff);
    expect(decodeFrame(stop)).toMatchObject({ subclass: -1 });
  });

  it('keep frame types and subclasses that nobody has defined', () => {
    expect(decodeFrame(fromHex('800213880000000101023f7f')!)).toMatchObject({ frameType: 63, subclass: 127 });
  });

  it('refuse a subclass that has no code, which is a bug of the caller', () => {
    expect(() => encodeFullFrame({ ...voice, subclass: 200 })).toThrow(RangeError);
  });

  it('give views of the datagram, not copies', () => {
    const bytes = encodeFullFrame({ ...voice, subclass: 4, body: Uint8Array.of(1, 2) });
    const frame = decodeFrame(bytes);
    bytes[12] = 9;
    expect(frame).toMatchObject({ body: Uint8Array.of(9, 2) });
  });

  it('are sent again with R set, the present ISeqno and nothing else changed [RFC5456 §8.1.1]', () => {
    const fields = { sourceCall: 2, destinationCall: 5, timestamp: 7, oseqno: 1, frameType: FRAME_TYPE.IAX };
    const bytes = encodeFullFrame({ ...fields, subclass: IAX_SUBCLASS.PING, iseqno: 3 });
    markRetransmission(bytes, 9);
    expect(decodeFrame(bytes)).toMatchObject({ ...fields, retransmission: true, iseqno: 9 });
  });
});

describe('any frame', () => {
  it('survives encoding and decoding', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
      }),
      { seed: 5456, numRuns: 1000 },
    );
  });
});
