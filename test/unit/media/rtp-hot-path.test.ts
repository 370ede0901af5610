import { describe, expect, it } from 'vitest';
import { Counters } from '../../../src/base/counters.ts';
import type { RtpStreamSpec } from '../../../src/base/media-port.ts';
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
      writeRtpHeader(packet, spec.payloadType, false, number & 0xffff, TIMESTAMP + 160 * number, SSRC + 100 + n);
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
    const { plane } = bridge(specOf(1), specOf(2));
    const report = reportOn(SSRC + 1);
    let nowMs = 0;
    const step = (): number => {
      plane.handleRtp(10_003, report, specOf(1).remote, ++nowMs);
      return 1;
    };
    expect(bytesPerCall(step)).toBeLessThan(NOTHING);
  });

  it('and to read the counts of a stream', () => {
    const { plane, step } = bridge(specOf(1), specOf(2));
    const read = (): number => step() + (plane.liveStatistics(1)?.received ?? 0);
    expect(bytesPerCall(read)).toBeLessThan(NOTHING);
  });
});
