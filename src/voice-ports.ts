import type { Appliance } from './appliance.ts';
import type { Counters } from './base/counters.ts';
import type { Log } from './base/log.ts';
import type { Address } from './base/machine.ts';
import type { Configuration } from './config/load.ts';
import { batchedIo } from './io/batched-io.ts';
import { BatchedUdpPort } from './io/batched-udp.ts';
import type { BindFailure } from './io/bind-failure.ts';
import { systemClock } from './io/clock.ts';
import type { DatagramPort } from './io/datagram-port.ts';
import type { DatagramTap } from './io/datagram-tap.ts';
import type { Lateness } from './io/lateness.ts';
import type { Libc } from './io/libc.ts';
import type { RtpPorts } from './io/rtp-ports.ts';
import { UdpPort } from './io/udp.ts';
import { MediaWorkerHost } from './media-worker-host.ts';
import { MediaWorkerPort } from './media-worker-port.ts';
import { dscpOf, rtpPorts } from './sip-media.ts';

export interface VoicePortsOptions {
  readonly configuration: Configuration;
  /** Gives the appliance input with its time, and drains what it says. */
  readonly give: (input: (nowMs: number) => void) => void;
  readonly appliance: () => Appliance;
  readonly log: Log;
  readonly counters: Counters;
  readonly tap: DatagramTap;
}

/**
 * Where voice comes in and goes out: the IAX2 port and the range of RTP. With a worker that has the voice; or many datagrams at
 * a time where the machine is proven to do that, else one by one, on the main thread.
 */
export class VoicePorts {
  /** Undefined where there is no IAX2. */
  readonly iax2: DatagramPort | undefined;
  readonly rtp: RtpPorts;
  readonly worker: MediaWorkerHost | undefined;

  constructor(private readonly options: VoicePortsOptions) {
    const { configuration, give, appliance, log, counters, tap } = options;
    const libc = batchedIo();
    this.worker = 'failed' in libc ? undefined : this.workerBy(libc);
    this.iax2 = this.iax2Port(libc);
    this.rtp = rtpPorts(configuration, {
      onPacket: (localPort, bytes, from) => give((nowMs) => appliance().handleRtp(localPort, bytes, from, nowMs)),
      clock: systemClock,
      log,
      counters,
      tap,
      ...('failed' in libc || this.worker === undefined ? {} : { libc }),
    });
  }

  /** In status: how packets get in and out. */
  get io(): DatagramPort['kind'] {
    return this.worker === undefined ? (this.iax2?.kind ?? 'event-loop') : 'batched';
  }

  /** How late the worker's ticks were; undefined where there is none. */
  get lateness(): Lateness | undefined {
    return this.worker?.lateness;
  }

  async open(): Promise<BindFailure | undefined> {
    const failure = await this.iax2?.open();
    if (failure !== undefined) return failure;
    const iax2 = this.iax2 instanceof MediaWorkerPort ? this.iax2.descriptor : undefined;
    const rtp = this.rtp.descriptor;
    this.worker?.start({ ...(iax2 === undefined ? {} : { iax2 }), ...(rtp === undefined ? {} : { rtp }) });
    return undefined;
  }

  async close(): Promise<void> {
    await this.worker?.close();
    await this.iax2?.close();
    await this.rtp.close();
  }

  private workerBy(libc: Libc): MediaWorkerHost | undefined {
    const { configuration, appliance, log, counters } = this.options;
    if ((configuration.iax2 ?? configuration.sip) === undefined || !MediaWorkerHost.isBuilt) return undefined;
    return new MediaWorkerHost({
      libc,
      onStarted: (link) => appliance().splitPlane?.attach(link, systemClock.nowMs()),
      onLost: () => appliance().splitPlane?.detach(),
      onReports: () => this.readReports(),
      clock: systemClock,
      log,
      counters,
    });
  }

  private readReports(): boolean {
    const { give, appliance, tap } = this.options;
    let more = false;
    const read = () =>
      give((nowMs) => {
        more = appliance().handleWorkerReports((direction, bytes, remote, rtpPort) => {
          const local = rtpPort === 0 ? this.iax2?.local : undefined;
          tap.note(direction, bytes, remote, local ?? this.rtp.addressOf(rtpPort));
        }, nowMs);
      });
    if (this.iax2 instanceof MediaWorkerPort) this.iax2.together(read);
    else read();
    return more;
  }

  private iax2Port(libc: Libc | { readonly failed: string }): DatagramPort | undefined {
    const { configuration, give, appliance, log, counters, tap } = this.options;
    if (configuration.iax2 === undefined) return undefined;
    const { bind } = configuration.iax2;
    const { media: dscp } = dscpOf(configuration);
    const around = { bind, dscp, clock: systemClock, log, counters, tap };
    const onDatagram = (bytes: Uint8Array, from: Address, nowMs: number) =>
      appliance().handleDatagram(bytes, from, nowMs);
    if ('failed' in libc) {
      log('info', 'iax2', 'Datagrams pass one by one.', { reason: libc.failed });
      const input = (bytes: Uint8Array, from: Address) => give((nowMs) => onDatagram(bytes, from, nowMs));
      return new UdpPort({ ...around, part: 'iax2', onDatagram: input });
    }
    if (this.worker !== undefined) return new MediaWorkerPort({ ...around, libc });
    return new BatchedUdpPort({ ...around, libc, part: 'iax2', give, onDatagram });
  }
}
