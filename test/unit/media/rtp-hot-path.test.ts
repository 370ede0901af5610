import { describe, expect, it } from 'vitest';
import { Counters } from '../../../src/base/counters.ts';
import type { RtpStreamSpec } from '../../../src/base/media-port.ts';
import { writeMiniHeader } from '../../../src/iax2/frame-header.ts';
import { MediaPlane } from '../../../src/media/plane.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader, writeUint32 } from '../../../src/media/rtp-packet.ts';
import { bytesPerCall, NOTHING } from '../../support/heap.ts';

const PACKET_MS = 20;
/** Above 2^31, where a number does not fit into a tagged word any more, as half of all random ones are. */
const SSRC = 0xf000_0000;
const TIMESTAMP = 0xe000_0000;

function specOf(n: number, more: Partial<RtpStreamSpec> = {}): RtpStreamSpec {
  const remote = { ip: `192.0.2.${n}`, port: 4000 };
  return {
    kind: 'rtp',
    localPort: 10_000 + 2 * n,
    ssrc: SSRC + n,
    firstSequence: 7,
    firstTimestamp: TIMESTAMP,
    remote,
    remoteRtcpPort: 4001,
    sources: 'signalled',
    signallingIp: remote.ip,
    codec: 'ulaw',
    payloadType: 0,
    telephoneEventType: 101,
    comfortNoiseType: undefined,
    ptimeMs: PACKET_MS,
    sends: true,
    receives: true,
    ...more,
  };
}

/** Two phones that speak with each other; `step` is 20 ms of that. Gives how many packets went out. */
function bridge(a: RtpStreamSpec, b: RtpStreamSpec) {
  let sent = 0;
  const plane = new MediaPlane({
    counters: new Counters(),
    send: () => {},
    sendRtp: () => {
      sent++;
    },
  });
  const both = [a, b].map((spec, n) => ({ spec, id: n + 1, packet: new Uint8Array(RTP_HEADER_LENGTH + 160) }));
  for (const { id, spec } of both) plane.open(id, spec, 0);
  for (const { id } of both) plane.hear(id, { kind: 'stream', stream: 3 - id }, 0);
  let nowMs = 0;
  const tick = (): void => {
    nowMs += PACKET_MS / 4;
    plane.tick(nowMs);
  };
  const speak = (): void => {
    for (let n = 0; n < both.length; n++) {
      const { spec, packet } = both[n]!;
      const number = nowMs / PACKET_MS;
      // With a sign, as the plane itself writes them: what is measured is not to be the test.
      const timestamp = (TIMESTAMP + 160 * number) | 0;
      const ssrc = (SSRC + 100 + n) | 0;
      writeRtpHeader(packet, spec.payloadType, false, number & 0xffff, timestamp, ssrc);
      plane.handleRtp(spec.localPort, packet, spec.remote, nowMs);
    }
  };
  const step = (): number => {
    for (let n = 0; n < 4; n++) tick();
    speak();
    return sent;
  };
  return { plane, step };
}

/** A sender report of a phone about what it hears of `ssrc`. [RFC3550 §6.4.1] */
function reportOn(ssrc: number): Uint8Array {
  const report = new Uint8Array(52);
  report.set([0x81, 200, 0, 12]);
  writeUint32(report, 4, SSRC + 100);
  writeUint32(report, 12, TIMESTAMP);
  writeUint32(report, 28, ssrc);
  writeUint32(report, 44, 1);
  return report;
}

/** So many streams that have spoken report in turn; `step` is a quarter of a second, in which two reports go out. */
function reporters() {
  let reports = 0;
  const plane = new MediaPlane({
    counters: new Counters(),
    send: () => {},
    sendRtp: (localPort) => {
      if ((localPort & 1) === 1) reports++;
    },
  });
  const packet = new Uint8Array(RTP_HEADER_LENGTH + 160);
  writeRtpHeader(packet, 0, false, 1, TIMESTAMP, SSRC + 100);
  for (let n = 1; n <= 40; n++) {
    plane.open(n, specOf(n), 0);
    plane.handleRtp(specOf(n).localPort, packet, specOf(n).remote, 0);
  }
  let nowMs = 0;
  return (): number => {
    nowMs += 250;
    plane.tick(nowMs);
    return reports;
  };
}

/** Two ends, one with packets of 20 ms and one with 30; `step` is 60 ms in which both speak. Gives what went out. */
function reblocked(open: (plane: MediaPlane) => void) {
  let sent = 0;
  const count = () => {
    sent++;
  };
  const plane = new MediaPlane({ counters: new Counters(), send: count, sendRtp: count });
  const spec = specOf(1, { ptimeMs: 30 });
  plane.open(1, spec, 0);
  open(plane);
  plane.hear(1, { kind: 'stream', stream: 2 }, 0);
  plane.hear(2, { kind: 'stream', stream: 1 }, 0);
  const long = new Uint8Array(RTP_HEADER_LENGTH + 240);
  let nowMs = 0;
  let sequence = 0;
  return (speak: (plane: MediaPlane, nowMs: number) => void): number => {
    for (let part = 0; part < 6; part++) {
      nowMs += 10;
      plane.tick(nowMs);
      if (part % 2 === 0) speak(plane, nowMs);
      if (part % 3 !== 0) continue;
      sequence = (sequence + 1) & 0xffff;
      writeRtpHeader(long, 0, false, sequence, (TIMESTAMP + 8 * nowMs) | 0, (SSRC + 100) | 0);
      plane.handleRtp(spec.localPort, long, spec.remote, nowMs);
    }
    return sent;
  };
}

describe('what is done with each packet of RTP takes no memory', () => {
  it('between two phones, with the ticks between their packets', () => {
    const { step } = bridge(specOf(1), specOf(2));
    expect(bytesPerCall(step)).toBeLessThan(NOTHING);
  });

  it('between two laws', () => {
    const { step } = bridge(specOf(1), specOf(2, { codec: 'alaw', payloadType: 8 }));
    expect(bytesPerCall(step)).toBeLessThan(NOTHING);
  });

  it('with the reports that come in between them [RFC3550 §6.4]', () => {
    const { remote } = specOf(1);
    const { plane } = bridge(specOf(1), specOf(2));
    const report = reportOn(SSRC + 1);
    let nowMs = 0;
    const step = (): number => {
      plane.handleRtp(10_003, report, remote, ++nowMs);
      return 1;
    };
    expect(bytesPerCall(step)).toBeLessThan(NOTHING);
  });

  it('with the reports that go out [RFC3550 §6.4]', () => {
    expect(bytesPerCall(reporters())).toBeLessThan(NOTHING);
  });

  it('between packets of 20 ms and of 30', () => {
    const spec = specOf(2);
    const step = reblocked((plane) => plane.open(2, spec, 0));
    const short = new Uint8Array(RTP_HEADER_LENGTH + 160);
    let sequence = 0;
    const speak = (plane: MediaPlane, nowMs: number): void => {
      sequence = (sequence + 1) & 0xffff;
      writeRtpHeader(short, 0, false, sequence, (TIMESTAMP + 8 * nowMs) | 0, (SSRC + 101) | 0);
      plane.handleRtp(spec.localPort, short, spec.remote, nowMs);
    };
    expect(bytesPerCall(() => step(speak))).toBeLessThan(NOTHING);
  });

  it('between packets of 30 ms and IAX2', () => {
    const remote = { ip: '192.0.2.2', port: 4569 };
    const step = reblocked((plane) => {
      plane.open(2, { kind: 'iax2', remote, localCall: 2, remoteCall: 3, format: 4, epochMs: 0 }, 0);
      plane.setFormat(2, 4);
    });
    const mini = new Uint8Array(164);
    const speak = (plane: MediaPlane, nowMs: number): void => {
      writeMiniHeader(mini, 0, 3, nowMs & 0xffff);
      plane.handleDatagram(mini, remote, nowMs);
      for (let event = plane.poll(); event !== undefined; event = plane.poll());
    };
    expect(bytesPerCall(() => step(speak))).toBeLessThan(NOTHING);
  });

  it('and to read the counts of a stream', () => {
    const { plane, step } = bridge(specOf(1), specOf(2));
    const read = (): number => step() + (plane.liveStatistics(1)?.received ?? 0);
    expect(bytesPerCall(read)).toBeLessThan(NOTHING);
  });
});
