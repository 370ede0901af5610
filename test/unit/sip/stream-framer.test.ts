import { describe, expect, it } from 'vitest';
import { concatBytes, utf8Decode, utf8Encode } from '../../../src/base/bytes.ts';
import { type Framed, StreamFramer } from '../../../src/sip/stream-framer.ts';
import { cpuTimer } from '../../support/cpu-time.ts';

const ONE = utf8Encode('OPTIONS sip:a SIP/2.0\r\nl : 4\r\n\r\nbody');
const TWO = utf8Encode('SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n');
const show = (framed: readonly Framed[]) =>
  framed.map((one) => (one.type === 'message' ? utf8Decode(one.bytes).split(' ')[0] : one.type));

describe('StreamFramer', () => {
  const stream = concatBytes([utf8Encode('\r\n\r\n'), ONE, TWO, utf8Encode('\r\n'), ONE]);
  const expected = ['ping', 'OPTIONS', 'SIP/2.0', 'pong', 'OPTIONS'];

  it('cuts messages by Content-Length and knows keep-alives [RFC3261 §18.3] [RFC5626 §3.5.1]', () => {
    expect(show(new StreamFramer().handleBytes(stream))).toEqual(expected);
  });

  it('gives the same however the stream is cut', () => {
    for (let at = 0; at <= stream.length; at++) {
      const framer = new StreamFramer();
      // A ping that is cut in the middle may be seen as two pongs; nothing else may change.
      const framed = [...framer.handleBytes(stream.subarray(0, at)), ...framer.handleBytes(stream.subarray(at))];
      if (at === 2) expect(show(framed).slice(2)).toEqual(expected.slice(1));
      else expect(show(framed), `cut at ${at}`).toEqual(expected);
      expect(framer.pendingBytes).toBe(0);
    }
  });

  it('gives the bytes of the message and no others', () => {
    const framer = new StreamFramer();
    const framed = [...concatBytes([ONE, ONE])].flatMap((byte) => framer.handleBytes(Uint8Array.of(byte)));
    expect(framed).toEqual([
      { type: 'message', bytes: ONE },
      { type: 'message', bytes: ONE },
    ]);
  });

  it('breaks where nobody can say what follows, and is silent from then on', () => {
    const framer = new StreamFramer();
    expect(show(framer.handleBytes(utf8Encode('OPTIONS sip:a SIP/2.0\r\n\r\n')))).toEqual(['broken']);
    expect(framer.handleBytes(ONE)).toEqual([]);
    for (const length of ['-1', 'x', '', '99999999999999999999'])
      expect(new StreamFramer().handleBytes(utf8Encode(`A b c\r\nl: ${length}\r\n\r\n`))[0]).toMatchObject({
        type: 'broken',
        reason: 'no-content-length',
      });
  });

  it('keeps no more than the limit, of a head that never ends and of a body that is too long', () => {
    const framer = new StreamFramer(1_000);
    expect(framer.handleBytes(utf8Encode('x'.repeat(1_000)))).toEqual([]);
    expect(framer.handleBytes(utf8Encode('x'))[0]).toMatchObject({ type: 'broken', reason: 'too-large' });
    expect(framer.pendingBytes).toBe(0);
    expect(new StreamFramer(1_000).handleBytes(utf8Encode('A b c\r\nl: 1000\r\n\r\n'))[0]).toMatchObject({
      type: 'broken',
      reason: 'too-large',
    });
  });

  it('trickling bytes and floods of line ends cost no more than their number', () => {
    const elapsedMs = cpuTimer();
    const framer = new StreamFramer();
    const slow = utf8Encode(`A b c\r\nX: ${'y'.repeat(30_000)}\r\nl: 30000\r\n\r\n${'z'.repeat(30_000)}`);
    const framed = [...slow].flatMap((byte) => framer.handleBytes(Uint8Array.of(byte)));
    expect(framed).toEqual([{ type: 'message', bytes: slow }]);
    new StreamFramer().handleBytes(new Uint8Array(500_000).fill(0x0a));
    new StreamFramer().handleBytes(new Uint8Array(500_000).fill(0x0d));
    expect(elapsedMs()).toBeLessThan(2_000);
  });
});
