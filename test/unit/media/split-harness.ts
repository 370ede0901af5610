import { Counters } from '../../../src/base/counters.ts';
import type { Address } from '../../../src/base/machine.ts';
import type { Iax2StreamSpec, MediaEvent, RtpStreamSpec } from '../../../src/base/media-port.ts';
import { encodeFullFrame, encodeMiniFrame } from '../../../src/iax2/frame.ts';
import { FRAME_TYPE } from '../../../src/iax2/subclass.ts';
import { nodeCrypto } from '../../../src/io/node-crypto.ts';
import { type PlaneLinkMemory, planeLinkMemory } from '../../../src/media/plane-link.ts';
import { SplitPlane } from '../../../src/media/split-plane.ts';
import { type DatagramBatches, type RtpSockets, WorkerPlane } from '../../../src/media/worker-plane.ts';
import { decodeRtp, encodeRtp, type RtpPacket, type SentDatagram, type SentRtp } from './plane-harness.ts';

const TICK_MS = 5;
const BATCH = 64;
const STRIDE = 4096;
/** Packets that one call takes from a port of RTP. */
const RTP_CAPACITY = 8;

interface Arrival {
  readonly bytes: Uint8Array;
  readonly from: Address;
}

/** A media plane in two pieces on one thread and a virtual clock: the worker ticks every 5 ms, the main thread hears at once. */
export class SplitHarness {
  readonly counters = new Counters();
  /** From the worker's socket, and of the main thread's piece. */
  readonly sent: SentDatagram[] = [];
  readonly sentByMain: SentDatagram[] = [];
  /** The same of RTP. */
  readonly sentRtp: SentRtp[] = [];
  readonly sentRtpByMain: SentRtp[] = [];
  /** Ports of RTP that the worker is not given, and those that were lent to it and taken back. */
  readonly keptPorts = new Set<number>();
  readonly lent: number[] = [];
  readonly takenBack: number[] = [];
  readonly events: MediaEvent[] = [];
  /** What signalling got of the worker's socket. */
  readonly passed: (Arrival & { readonly taken: boolean })[] = [];
  readonly tapped: {
    readonly direction: 'in' | 'out';
    readonly remote: Address;
    readonly length: number;
    readonly localPort: number;
  }[] = [];
  readonly sealed = new Set<number>();
  readonly plane: SplitPlane;
  worker: WorkerPlane | undefined;
  stuck = 0;
  nowMs = 1000;
  private arrivals: Arrival[] = [];
  private batch: Arrival[] = [];
  private readonly rtpArrivals = new Map<number, Arrival[]>();
  /** As a kernel would, it holds each batch in the place of the one before. */
  private readonly arena = new Uint8Array(BATCH * STRIDE);

  constructor() {
    this.plane = new SplitPlane({
      counters: this.counters,
      send: (to, bytes, at, length) => this.sentByMain.push(this.datagram(to, bytes, at, length)),
      sendRtp: (localPort, to, bytes, at, length) =>
        this.sentRtpByMain.push({ localPort, ...this.datagram(to, bytes, at, length) }),
      crypto: nodeCrypto,
      isSealed: (localCall) => this.sealed.has(localCall),
      rtpPorts: {
        lend: (port) => {
          if (this.keptPorts.has(port)) return undefined;
          this.lent.push(port);
          return 1000 + port;
        },
        takeBack: (port) => this.takenBack.push(port),
      },
      worker: { onCommand: () => {}, onStuck: () => this.stuck++ },
    });
    this.startWorker();
  }

  private datagram(to: Address, bytes: Uint8Array, at: number, length: number): SentDatagram {
    return { to: { ...to }, bytes: bytes.slice(at, at + length), atMs: this.nowMs };
  }

  startWorker(memory: PlaneLinkMemory = planeLinkMemory()): void {
    const socket: DatagramBatches = {
      capacity: BATCH,
      receive: () => {
        this.batch = this.arrivals.splice(0, BATCH);
        for (const [i, { bytes }] of this.batch.entries()) this.arena.set(bytes, i * STRIDE);
        return this.batch.length;
      },
      bytes: this.arena,
      startOf: (index) => index * STRIDE,
      lengthOf: (index) => this.batch[index]!.bytes.length,
      senderOf: (index) => this.batch[index]!.from,
      destination: (to) => to,
      send: (to, bytes, at, length) => this.sent.push(this.datagram(to, bytes, at, length)),
      flush: () => {},
    };
    this.worker = new WorkerPlane(memory, { iax2: socket, rtp: this.rtpSockets() });
    this.plane.attach(memory, this.nowMs);
  }

  private rtpSockets(): RtpSockets {
    const open = new Set<number>();
    let ports: number[] = [];
    let batch: Arrival[] = [];
    return {
      ready: () => {
        ports = [...this.rtpArrivals.keys()];
        return ports.length;
      },
      portOf: (index) => ports[index]!,
      receive: (index) => {
        const waiting = this.rtpArrivals.get(ports[index]!) ?? [];
        batch = waiting.splice(0, RTP_CAPACITY);
        if (waiting.length === 0) this.rtpArrivals.delete(ports[index]!);
        return batch.length;
      },
      capacity: RTP_CAPACITY,
      waits: false,
      bytes: (i) => batch[i]!.bytes,
      senderOf: (i) => batch[i]!.from,
      open: (localPort, descriptor) => {
        if (descriptor === 1000 + localPort) open.add(localPort);
      },
      close: (localPort) => open.delete(localPort),
      isOpen: (localPort) => open.has(localPort),
      send: (localPort, to, bytes, at, length) =>
        this.sentRtp.push({ localPort, ...this.datagram(to, bytes, at, length) }),
    };
  }

  /** The worker does not tick any more, and what it had is lost. */
  killWorker(): void {
    this.worker = undefined;
    this.plane.detach();
  }

  runTo(nowMs: number): void {
    while (this.nowMs < nowMs) {
      this.nowMs = Math.min(nowMs, (Math.floor(this.nowMs / TICK_MS) + 1) * TICK_MS);
      this.turn();
    }
  }

  /** One tick of the worker, then one turn of the main thread. */
  turn(): void {
    this.worker?.tick(this.nowMs);
    this.plane.readReports(
      {
        handleDatagram: (bytes, from, taken) => {
          this.passed.push({ bytes, from, taken });
          if (!taken) this.plane.handleDatagram(bytes, from, this.nowMs);
        },
        handleTapped: (direction, bytes, remote, localPort) =>
          this.tapped.push({ direction, remote, length: bytes.length, localPort }),
      },
      this.nowMs,
    );
    this.plane.handleTimeout(this.nowMs);
    for (let event = this.plane.poll(); event !== undefined; event = this.plane.poll()) this.events.push(event);
  }

  arrive(bytes: Uint8Array, from: Address): void {
    // A copy: real addresses are made anew for each datagram.
    this.arrivals.push({ bytes, from: { ...from } });
  }

  full(spec: Iax2StreamSpec, timestamp: number, payload: Uint8Array): void {
    this.arrive(
      encodeFullFrame({
        sourceCall: spec.remoteCall,
        destinationCall: spec.localCall,
        timestamp,
        frameType: FRAME_TYPE.VOICE,
        subclass: spec.format,
        body: payload,
      }),
      spec.remote,
    );
  }

  mini(spec: Iax2StreamSpec, timestamp: number, payload: Uint8Array): void {
    this.arrive(encodeMiniFrame(spec.remoteCall, timestamp, payload), spec.remote);
  }

  /** A packet comes to an RTP port, where the worker reads. */
  rtp(spec: RtpStreamSpec, packet: RtpPacket, from: Address = spec.remote): void {
    const arrivals = this.rtpArrivals.get(spec.localPort) ?? [];
    this.rtpArrivals.set(spec.localPort, [...arrivals, { bytes: encodeRtp(packet), from: { ...from } }]);
  }

  /** What was sent from an RTP port. */
  rtpFrom({ localPort }: RtpStreamSpec, sent = this.sentRtp): Required<RtpPacket>[] {
    return sent.filter((one) => one.localPort === localPort).map(({ bytes }) => decodeRtp(bytes));
  }

  /** Payloads of the mini frames that went to a far end. */
  heardBy(spec: Iax2StreamSpec, sent = this.sent): Uint8Array[] {
    return sent.filter(({ to }) => to.ip === spec.remote.ip).map(({ bytes }) => bytes.slice(4));
  }
}
