import { SILENCE } from 'node-pcm-codecs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RoomSource, RtpStreamSpec, StreamSpec } from '../../../src/base/media-port.ts';
import type { SrtpKeys } from '../../../src/base/srtp.ts';
import { sine, toCodes, toneDbm0 } from '../../support/signal.ts';
import { encodeRtp, farEnd, payloadOf, type RtpPacket, rtpFarEnd } from './plane-harness.ts';
import { SplitHarness } from './split-harness.ts';

const A = 1;
const B = 2;
const LINE = 3;
const PORT = 1;
const SECOND_MS = 1000;
const KEYS: SrtpKeys = {
  suite: 'AES_CM_128_HMAC_SHA1_80',
  sendKey: new Uint8Array(30).fill(1),
  receiveKey: new Uint8Array(30).fill(2),
};

let harness: SplitHarness;
const a = rtpFarEnd(1);
const b = rtpFarEnd(2);

function open(stream: number, spec: StreamSpec): void {
  harness.plane.open(stream, spec, harness.nowMs);
}

function bridge(one = A, other = B): void {
  harness.plane.hear(one, { kind: 'stream', stream: other }, harness.nowMs);
  harness.plane.hear(other, { kind: 'stream', stream: one }, harness.nowMs);
}

/** Packet `n` of a far end, 20 ms each. */
function packet(n: number, change: Partial<RtpPacket> = {}): RtpPacket {
  return { sequence: (500 + n) & 0xffff, timestamp: 9000 + 160 * n, payload: payloadOf(n), ...change };
}

function talk(spec: RtpStreamSpec, from: number, packets: number): void {
  for (let n = from; n < from + packets; n++) {
    harness.rtp(spec, packet(n));
    harness.runTo(harness.nowMs + 20);
  }
}

function payloads(from: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => payloadOf(from + n));
}

beforeEach(() => {
  harness = new SplitHarness();
});

describe('RTP in the worker', () => {
  beforeEach(() => {
    open(A, a);
    open(B, b);
    bridge();
  });

  it('is relayed byte for byte in the tick in which it comes, and the main thread does nothing', () => {
    talk(a, 0, 50);
    const sent = harness.rtpFrom(b);
    expect(sent.map(({ payload }) => payload)).toEqual(payloads(0, 50));
    expect(sent.map(({ sequence }) => (sequence - b.firstSequence) & 0xffff)).toEqual([...Array(50).keys()]);
    expect(new Set(sent.map(({ ssrc }) => ssrc))).toEqual(new Set([b.ssrc]));
    expect(harness.sentRtp[0]!.to).toEqual(b.remote);
    expect(harness.sentRtpByMain).toEqual([]);
    expect(harness.lent).toEqual([a.localPort, b.localPort]);
  });

  it('follows a far end behind a NAT to where it sends from', () => {
    const elsewhere = { ip: b.remote.ip, port: 61_000 };
    for (let n = 0; n < 5; n++) {
      harness.rtp(b, packet(n), elsewhere);
      harness.runTo(harness.nowMs + 20);
    }
    talk(a, 0, 1);
    expect(harness.sentRtp.at(-1)).toMatchObject({ localPort: b.localPort, to: elsewhere });
  });

  it('digits and a hook flash are told as they come in telephone events, and are sent as such [RFC4733 §2.3]', () => {
    const event = (sequence: number, code: number, end: boolean) =>
      harness.rtp(a, {
        ...packet(sequence, { payloadType: 101, timestamp: 9000 + 8000 * code }),
        payload: Uint8Array.of(code, end ? 0x8a : 10, 3, 0x20),
      });
    event(0, 5, false);
    event(1, 5, true);
    event(2, 16, true);
    harness.runTo(harness.nowMs + 100);
    expect(harness.events).toMatchObject([
      { type: 'digit-begin', stream: A, digit: '5' },
      { type: 'digit-end', stream: A, digit: '5', durationMs: 100 },
      { type: 'flash', stream: A },
    ]);
    harness.plane.playDigit(B, '7', 100);
    harness.runTo(harness.nowMs + 300);
    const events = harness.rtpFrom(b).filter(({ payloadType }) => payloadType === 101);
    expect(new Set(events.map(({ payload }) => payload[0]))).toEqual(new Set([7]));
  });

  it('what was agreed anew is followed', () => {
    harness.plane.update(B, { ...b, codec: 'alaw', payloadType: 8 }, harness.nowMs);
    talk(a, 0, 5);
    expect(harness.rtpFrom(b).map(({ payloadType }) => payloadType)).toEqual([8, 8, 8, 8, 8]);
    harness.plane.update(B, { ...b, sends: false }, harness.nowMs);
    talk(a, 5, 5);
    expect(harness.rtpFrom(b)).toHaveLength(5);
  });

  it('its counts are read on the main thread, also after the end, when what still comes is swallowed', () => {
    talk(a, 0, 50);
    harness.rtp(a, packet(59));
    harness.runTo(harness.nowMs + SECOND_MS);
    expect(harness.plane.statistics(A)).toMatchObject({ received: 51, lost: 9 });
    expect(harness.plane.statistics(A)).not.toHaveProperty('rttMs');
    expect(harness.plane.rtpPorts(A)).toEqual([a.localPort]);
    harness.plane.close(A, harness.nowMs);
    harness.runTo(harness.nowMs + 20);
    harness.rtp(a, packet(60));
    harness.runTo(harness.nowMs + SECOND_MS);
    expect(harness.plane.statistics(A)).toMatchObject({ received: 51, lost: 9 });
    expect(harness.counters.get('rtp.call-over')).toBe(1);
    expect(harness.plane.rtpPorts(A)).toEqual([]);
  });

  it('a capture sees it with the port that it came to', () => {
    harness.plane.setTapped(true);
    talk(a, 0, 1);
    expect(harness.tapped).toEqual([
      { direction: 'in', remote: a.remote, length: 172, localPort: a.localPort },
      { direction: 'out', remote: b.remote, length: 172, localPort: b.localPort },
    ]);
  });

  it('after a sleep of 2 s the voice of that time is left out', () => {
    talk(a, 0, 10);
    for (let n = 10; n < 110; n++) harness.rtp(a, packet(n));
    harness.nowMs += 2000;
    harness.turn();
    expect(harness.rtpFrom(b)).toHaveLength(10);
    expect(harness.counters.get('media.backlog')).toBe(100);
    talk(a, 110, 1);
    expect(harness.rtpFrom(b).at(-1)!.payload).toEqual(payloadOf(110));
  });

  it('a worker that takes the place of one that died goes on under the same source, its numbers and its time', () => {
    talk(a, 0, 10);
    const last = harness.rtpFrom(b).at(-1)!;
    harness.killWorker();
    harness.plane.update(A, { ...a, wantsVoipMetrics: true }, harness.nowMs);
    harness.runTo(harness.nowMs + 200);
    harness.startWorker();
    talk(a, 20, 10);
    const [first, ...others] = harness.rtpFrom(b).slice(10);
    expect(first).toMatchObject({ ssrc: b.ssrc, sequence: (last.sequence + 1) & 0xffff, payload: payloadOf(20) });
    expect(((first!.timestamp - last.timestamp) | 0) / 8).toBeCloseTo(220, -1);
    expect(others).toHaveLength(9);
    expect(harness.sentRtpByMain, 'no goodbye').toEqual([]);
  });
});

describe('a worker that dies before it has done anything', () => {
  it('leaves it to the next one to go on where the one before it was', () => {
    open(A, a);
    open(B, { ...b, firstSequence: 1000 });
    bridge();
    talk(a, 0, 10);
    for (let death = 0; death < 2; death++) {
      harness.killWorker();
      harness.startWorker();
    }
    talk(a, 10, 1);
    expect(harness.rtpFrom(b).map(({ sequence }) => sequence)).toEqual(Array.from({ length: 11 }, (_, i) => 1000 + i));
  });
});

describe('reports of RTP in the worker', () => {
  const rtcp = (words: readonly number[]) => {
    const bytes = new Uint8Array(4 * words.length);
    for (const [i, word] of words.entries()) new DataView(bytes.buffer).setUint32(4 * i, word);
    return bytes;
  };

  it('go by the odd port, which is the main thread’s; what the far end says there is counted [RFC3550 §6.4]', () => {
    open(A, a);
    open(B, b);
    bridge();
    talk(b, 0, 400);
    const sr = harness.sentRtpByMain.findLast(({ localPort }) => localPort === a.localPort + 1)!;
    expect(sr.to).toEqual({ ip: a.remote.ip, port: a.remoteRtcpPort });
    const ntp = new DataView(sr.bytes.buffer).getUint32(10);
    const heldMs = harness.nowMs - sr.atMs - 50;
    const block = [a.ssrc, 0x40000005, 0, 80, ntp, (heldMs / 1000) * 65_536];
    harness.plane.handleRtp(a.localPort + 1, rtcp([0x81c90007, 77, ...block]), a.remote, harness.nowMs);
    harness.runTo(harness.nowMs + SECOND_MS);
    const { rttMs, ...rest } = harness.plane.statistics(A)!;
    expect(rttMs).toBeCloseTo(50, 0);
    expect(rest).toMatchObject({ farLostPct: 25, farJitterMs: 10 });
  });

  it('go by the port of RTP where both sides have it so, and at the end say goodbye [RFC5761 §4]', () => {
    open(A, { ...a, remoteRtcpPort: a.remote.port });
    open(B, b);
    bridge();
    talk(b, 0, 400);
    const isRtcp = ({ bytes }: { readonly bytes: Uint8Array }) => bytes[1]! >= 200;
    expect(harness.sentRtp.filter(isRtcp).length).toBeGreaterThan(0);
    harness.plane.close(A, harness.nowMs);
    harness.runTo(harness.nowMs + 20);
    const goodbye = harness.sentRtp.filter(isRtcp).at(-1)!;
    expect(goodbye.localPort).toBe(a.localPort);
    expect([...goodbye.bytes.slice(-8, -6)]).toEqual([0x81, 203]);
    expect(harness.sentRtpByMain.filter(({ localPort }) => localPort === a.localPort)).toEqual([]);
  });

  it('tell who asked for it what the playout of a line adds [RFC3611 §4.7]', () => {
    open(A, { ...a, wantsVoipMetrics: true });
    open(LINE, { kind: 'line', port: PORT, law: 'ulaw' });
    bridge(A, LINE);
    const [up, down] = [new Uint8Array(80).fill(SILENCE.ulaw), new Uint8Array(80)];
    for (let i = 0; i < 1_200; i++) {
      if (i % 2 === 0) harness.rtp(a, packet(i / 2));
      harness.runTo(harness.nowMs + 10);
      harness.plane.exchangeLineBlock(PORT, up, down, harness.nowMs);
    }
    const last = harness.sentRtpByMain.at(-1)!.bytes;
    const view = new DataView(last.buffer, last.length - 44);
    expect(view.getUint8(1)).toBe(207);
    expect(view.getUint16(26), 'end system delay').toBeGreaterThan(20);
  });
});

describe('RTP of the worker, and streams elsewhere', () => {
  it('an IAX2 call and a phone hear each other without the main thread', () => {
    const far = farEnd(7);
    open(A, a);
    open(B, far);
    bridge();
    harness.full(far, 0, payloadOf(0));
    harness.runTo(harness.nowMs + 20);
    for (let i = 1; i < 5; i++) {
      harness.mini(far, 20 * i, payloadOf(i));
      harness.runTo(harness.nowMs + 20);
    }
    expect(harness.rtpFrom(a).map(({ payload }) => payload)).toEqual(payloads(0, 5));
    talk(a, 10, 5);
    expect(harness.events.at(-1)).toMatchObject({ type: 'voice-full-due', stream: B, payload: payloadOf(10) });
    expect(harness.heardBy(far)).toEqual(payloads(11, 4));
    expect(harness.sentRtpByMain).toEqual([]);
  });

  it('a line and a phone hear each other', () => {
    open(A, a);
    open(LINE, { kind: 'line', port: PORT, law: 'ulaw' });
    bridge(A, LINE);
    const said = toCodes('ulaw', sine(700, -10, SECOND_MS));
    const tone = toCodes('ulaw', sine(1300, -10, SECOND_MS));
    const heard: number[] = [];
    const down = new Uint8Array(80);
    for (let i = 0; i < 100; i++) {
      if (i % 2 === 0) harness.rtp(a, packet(i / 2, { payload: tone.slice(80 * i, 80 * i + 160) }));
      harness.runTo(harness.nowMs + 10);
      harness.plane.exchangeLineBlock(PORT, said.slice(80 * i, 80 * i + 80), down, harness.nowMs);
      heard.push(...down);
    }
    harness.runTo(harness.nowMs + 10);
    expect(toneDbm0('ulaw', Uint8Array.from(heard.slice(4000)), 1300)).toBeCloseTo(-10, 0);
    expect(harness.rtpFrom(a).flatMap(({ payload }) => [...payload])).toEqual([...said]);
  });

  it('a phone whose port the worker cannot have hears another one with its gaps, marks and comfort noise, and is heard', () => {
    harness.keptPorts.add(b.localPort);
    open(A, a);
    open(B, b);
    bridge();
    for (const n of [0, 1, 4, 3]) harness.rtp(a, packet(n, { marker: n === 4 }));
    harness.rtp(a, packet(5, { payloadType: 13, payload: Uint8Array.of(60) }));
    harness.runTo(harness.nowMs + 20);
    const sent = harness.rtpFrom(b, harness.sentRtpByMain);
    expect(sent.map(({ sequence }) => (sequence - b.firstSequence) & 0xffff)).toEqual([0, 1, 4, 3, 5]);
    expect(sent.map(({ marker }) => marker)).toEqual([true, false, true, false, false]);
    expect(sent.map(({ payloadType }) => payloadType)).toEqual([0, 0, 0, 0, 13]);
    harness.plane.handleRtp(b.localPort, encodeRtp(packet(0)), b.remote, harness.nowMs);
    harness.runTo(harness.nowMs + 20);
    expect(harness.sentRtp).toMatchObject([{ localPort: a.localPort }]);
  });

  it('a call that gets keys moves to the main thread, which has them, as another source [RFC3550 §8]', () => {
    open(A, a);
    open(B, b);
    bridge();
    talk(a, 0, 3);
    harness.plane.update(B, { ...b, srtp: KEYS }, harness.nowMs);
    talk(a, 3, 3);
    expect(harness.takenBack).toEqual([b.localPort]);
    expect(harness.rtpFrom(b)).toHaveLength(3);
    const sealed = harness.sentRtpByMain.filter(({ localPort }) => localPort === b.localPort);
    expect(sealed.map(({ bytes }) => bytes.length)).toEqual([182, 182, 182]);
    expect(new DataView(sealed[0]!.bytes.buffer).getUint32(8)).toBe(b.ssrc + 1);
    expect(harness.plane.rtpPorts(B)).toEqual([b.localPort]);
  });

  it('a call that has keys from the beginning never tells them to the worker', () => {
    open(A, { ...a, srtp: KEYS });
    open(B, b);
    bridge();
    talk(b, 0, 3);
    expect(harness.lent).toEqual([b.localPort]);
    expect(harness.sentRtpByMain).toHaveLength(3);
  });

  it('a conference has phones in it', () => {
    const member: RoomSource = { kind: 'room', room: 90, says: true, hears: true, sayDb: 0, hearDb: 0 };
    open(A, a);
    open(B, { ...b, ptimeMs: 30 });
    for (const stream of [A, B]) harness.plane.hear(stream, member, harness.nowMs);
    const tone = toCodes('ulaw', sine(500, -10, 2 * SECOND_MS));
    for (let n = 0; n < 100; n++) {
      harness.rtp(a, packet(n, { payload: tone.slice(160 * n, 160 * n + 160) }));
      harness.runTo(harness.nowMs + 20);
    }
    const heard = harness.rtpFrom(b).map(({ payload }) => payload);
    expect(new Set(heard.map(({ length }) => length))).toEqual(new Set([240]));
    const codes = Uint8Array.from(heard.flatMap((payload) => [...payload]));
    expect(toneDbm0('ulaw', codes.slice(-4000), 500)).toBeCloseTo(-10, 0);
  });
});
