import { expect, test } from 'vitest';
import { Counters } from '../../../src/base/counters.ts';
import { decodeFrame, encodeMiniFrame } from '../../../src/iax2/frame.ts';
import { frameKind } from '../../../src/iax2/frame-header.ts';
import { encodeMetaTrunkFrame } from '../../../src/iax2/meta-trunk.ts';
import { MediaPlane } from '../../../src/media/plane.ts';

const ULAW = 4;
const AT = 100;

interface Sent {
  readonly bytes: Uint8Array;
  readonly lent: boolean;
}

/** Streams 1 to 4, with 2 hearing 1 and 4 hearing 3; those of `others` hear 1 as well. */
function bridged(others: readonly number[] = []) {
  const arena = new Uint8Array(4_096);
  const sent: Sent[] = [];
  const plane = new MediaPlane({
    counters: new Counters(),
    send: (_to, bytes, at, length) => sent.push({ bytes: bytes.slice(at, at + length), lent: bytes === arena }),
  });
  for (const id of [1, 2, 3, 4, ...others]) {
    const remote = { ip: '192.0.2.1', port: 4569 };
    plane.open(id, { kind: 'iax2', remote, localCall: 100 + id, remoteCall: 1000 + id, format: ULAW, epochMs: 0 }, 0);
    plane.setFormat(id, ULAW);
  }
  for (const [listener, stream] of [[2, 1], [4, 3], ...others.map((id) => [id, 1])] as [number, number][])
    plane.hear(listener, { kind: 'stream', stream }, 0);
  const arrive = (bytes: Uint8Array, nowMs: number) => {
    arena.set(bytes, AT);
    plane.handleDatagramAt(frameKind(bytes), arena, AT, bytes.length, { ip: '192.0.2.1', port: 4569 }, nowMs);
  };
  // The first block of a stream is a full frame of signalling.
  for (const call of [1001, 1003]) arrive(encodeMiniFrame(call, 1_000, new Uint8Array(160)), 1_000);
  return { sent, arrive };
}

const block = (n: number) => new Uint8Array(160).fill(n);

test('a mini frame is sent on from where it lies, under its new call number', () => {
  const { sent, arrive } = bridged();
  arrive(encodeMiniFrame(1001, 1_020, block(7)), 1_020);
  expect(sent.map(({ lent }) => lent)).toEqual([true]);
  expect(decodeFrame(sent[0]!.bytes)).toMatchObject({ type: 'mini', sourceCall: 102, payload: block(7) });
});

test('two that hear the same stream each hear it whole', () => {
  const { sent, arrive } = bridged([5]);
  arrive(encodeMiniFrame(1001, 1_020, block(7)), 1_020);
  expect(sent.map(({ lent }) => lent)).toEqual([false, true]);
  expect(sent.map(({ bytes }) => decodeFrame(bytes))).toMatchObject(
    [102, 105].map((sourceCall) => ({ type: 'mini', sourceCall, payload: block(7) })),
  );
});

test.each([true, false])('each entry of a trunk frame goes its own way, with timestamps: %s', (withTimestamps) => {
  const { sent, arrive } = bridged();
  const timestamp = withTimestamps ? 1_020 : undefined;
  const entries = [1001, 1003].map((sourceCall, n) => ({ sourceCall, timestamp, payload: block(n) }));
  arrive(encodeMetaTrunkFrame({ timestamp: 1_020, withTimestamps, entries }), 1_020);
  expect(sent.map(({ bytes }) => decodeFrame(bytes))).toMatchObject(
    [102, 104].map((sourceCall, n) => ({ type: 'mini', sourceCall, payload: block(n) })),
  );
});
