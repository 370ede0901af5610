import type { Address } from './base/machine.ts';
import type { MediaPort, RtpSession, StreamId } from './base/media-port.ts';
import type { Random } from './base/random.ts';
import type { RtpPortPool } from './base/rtp-port-pool.ts';
import {
  type Call,
  type EndpointOptions,
  type Hop,
  type MediaAgreement,
  receives,
  sends,
  type VideoAgreement,
} from './sip/endpoint.ts';

/** The RTP port of each call, and its stream once there is something to send to. */
export class RtpOfCalls {
  private readonly ports = new Map<StreamId, number>();
  private readonly videoPorts = new Map<StreamId, number>();
  private readonly open = new Set<StreamId>();

  constructor(
    private readonly around: { readonly media: MediaPort; readonly random: Random },
    private readonly pool: RtpPortPool,
    private readonly local: EndpointOptions['local'],
  ) {}

  reserveTowards(stream: StreamId, to: Hop | undefined): Address | undefined {
    const port = this.pool.allot();
    if (port === undefined) return undefined;
    this.ports.set(stream, port);
    return { ip: this.local(to).host, port };
  }

  /** The pair of ports of a call's picture, from when it is first needed. */
  reserveVideo(stream: StreamId): number | undefined {
    const known = this.videoPorts.get(stream);
    if (known !== undefined) return known;
    const port = this.pool.allot();
    if (port !== undefined) this.videoPorts.set(stream, port);
    return port;
  }

  private agreeVideo({ stream, signallingIp }: Call, video: VideoAgreement | undefined, nowMs: number): void {
    const { media, random } = this.around;
    if (video === undefined) {
      media.closeVideo(stream, nowMs);
      return;
    }
    const { remote, remoteRtcpPort, localPort, format, direction } = video;
    const session = {
      remote,
      remoteRtcpPort,
      sources: 'signalled',
      signallingIp: signallingIp ?? remote.ip,
      codec: format.codec,
      payloadType: format.payloadType,
      sends: sends(direction),
      receives: receives(direction),
    } as const;
    const identity = {
      ssrc: random.integer(2 ** 32),
      firstSequence: random.integer(2 ** 16),
      firstTimestamp: random.integer(2 ** 32),
    };
    media.openVideo(stream, { ...session, ...identity, kind: 'rtp', localPort }, nowMs);
  }

  agree(call: Call, agreement: MediaAgreement, nowMs: number): void {
    const { stream, signallingIp } = call;
    this.agreeVideo(call, agreement.video, nowMs);
    const localPort = this.ports.get(stream);
    if (localPort === undefined) return;
    const { media, random } = this.around;
    const session: RtpSession = {
      remote: agreement.remote,
      remoteRtcpPort: agreement.remoteRtcpPort,
      sources: 'signalled',
      signallingIp: signallingIp ?? agreement.remote.ip,
      codec: agreement.codec,
      payloadType: agreement.payloadType,
      telephoneEventType: agreement.telephoneEventType,
      comfortNoiseType: agreement.comfortNoiseType,
      ptimeMs: agreement.ptimeMs,
      sends: sends(agreement.direction),
      receives: receives(agreement.direction),
      ...(agreement.srtp === undefined ? {} : { srtp: agreement.srtp }),
      ...(agreement.wantsVoipMetrics === true ? { wantsVoipMetrics: true } : {}),
    };
    if (this.open.has(stream)) {
      media.update(stream, session, nowMs);
      return;
    }
    this.open.add(stream);
    const ssrc = random.integer(2 ** 32);
    // In the lower half, or who misses the first packets of SRTP could miss a round of them. [RFC3711 §3.3.1]
    const [firstSequence, firstTimestamp] = [random.integer(2 ** 15), random.integer(2 ** 32)];
    media.open(stream, { ...session, kind: 'rtp', localPort, ssrc, firstSequence, firstTimestamp }, nowMs);
  }

  release(stream: StreamId, nowMs: number): void {
    if (this.open.delete(stream)) this.around.media.close(stream, nowMs);
    this.free(stream);
  }

  free(stream: StreamId): void {
    for (const ports of [this.ports, this.videoPorts]) {
      const port = ports.get(stream);
      if (port === undefined) continue;
      ports.delete(stream);
      this.pool.free(port);
    }
  }
}
