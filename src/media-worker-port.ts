import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Counters } from './base/counters.ts';
import { type Log, RateLimitedLog } from './base/log.ts';
import { type Address, formatAddress } from './base/machine.ts';
import { type BindFailure, bindFailure } from './io/bind-failure.ts';
import type { Clock } from './io/clock.ts';
import type { DatagramPort } from './io/datagram-port.ts';
import type { DatagramTap } from './io/datagram-tap.ts';
import { Lateness } from './io/lateness.ts';
import type { Libc } from './io/libc.ts';
import { SendBatch } from './io/send-batch.ts';
import { SocketBatches } from './io/socket-batches.ts';
import { monotonicOffsetMs } from './io/thread-clock.ts';
import { openUdpSocket, type UdpSocket } from './io/udp-socket.ts';
import { WorkerSignals } from './io/worker-signals.ts';
import { type PlaneLinkMemory, planeLinkMemory } from './media/plane-link.ts';
import type { WorkerNotices } from './media/split-plane.ts';
import { WorkerPlane } from './media/worker-plane.ts';

/** Beside the command in `dist/`; there is none where the sources run as they are. */
const SCRIPT = new URL('./media-worker.js', import.meta.url);

/** A worker whose beats stand still for so many looks has hung. */
const LOOK_MS = 500;
const HUNG_LOOKS = 4;
/** One that died is replaced at once; one that dies again and again, ever more seldom. */
const FIRST_RESTART_MS = 20;
const LAST_RESTART_MS = 5_000;
const HEALTHY_MS = 10_000;
/** After so many in a row that died within so long, its work is done on the main thread. */
const GIVE_UP_AFTER = 4;
const STILLBORN_MS = 1_000;
const BEAT_MS = 5;

/** What a worker is started with. */
export interface MediaWorkerStart {
  readonly link: PlaneLinkMemory;
  readonly signals: SharedArrayBuffer;
  readonly lateness: SharedArrayBuffer;
  readonly fd: number;
  readonly ipv6: boolean;
  readonly wakeFd: number;
  readonly monotonicOffsetMs: number;
}

export interface MediaWorkerPortOptions {
  /** What the worker runs; the one beside the command unless told otherwise. */
  readonly script?: URL;
  /** Proven on this machine. */
  readonly libc: Libc;
  readonly bind: Address;
  /** What its packets are marked with, 0…63. */
  readonly dscp?: number;
  /** A worker begins, and must be told of what is open. */
  readonly onStarted: (link: PlaneLinkMemory) => void;
  readonly onLost: () => void;
  /** It has reported something; true if it is to be asked again soon. */
  readonly onReports: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly tap: DatagramTap;
}

/**
 * The IAX2 port with a worker at it that has its voice. The socket is the main thread's, which sends its signalling by it
 * directly: a worker that dies leaves the port open, and the next one goes on with the calls.
 */
export class MediaWorkerPort implements DatagramPort, WorkerNotices {
  readonly kind = 'batched';
  private socket: UdpSocket | undefined;
  private outgoing: SendBatch | undefined;
  private worker: Worker | undefined;
  private signals: WorkerSignals | undefined;
  private wakeFd = -1;
  private readonly latenessMemory = new SharedArrayBuffer(Lateness.bytes());
  /** How late the ticks of the worker were. */
  readonly lateness = new Lateness(this.latenessMemory);
  private readonly refusals: RateLimitedLog;
  private startedMs = 0;
  /** The last beat of the worker that died last. */
  private lostMs: number | undefined;
  private restartMs = FIRST_RESTART_MS;
  private cancelRestart: (() => void) | undefined;
  private cancelLook: (() => void) | undefined;
  private stillborn = 0;
  private lastBeats = 0;
  private stillLooks = 0;
  private closing = false;
  /** What answers reports leaves together, behind the last of them. */
  private holds = false;

  constructor(private readonly options: MediaWorkerPortOptions) {
    this.refusals = new RateLimitedLog(options.log, 'iax2');
  }

  /** Whether there is a script of the worker: none where the sources run as they are. */
  static get isBuilt(): boolean {
    return existsSync(fileURLToPath(SCRIPT));
  }

  async open(): Promise<BindFailure | undefined> {
    const { libc, bind, dscp } = this.options;
    const where = `UDP ${formatAddress(bind)}`;
    const socket = openUdpSocket(libc, bind, dscp);
    if ('failed' in socket) return bindFailure(where, Object.assign(new Error(socket.failed), { code: socket.failed }));
    this.socket = socket;
    this.outgoing = new SendBatch(libc, socket.addresses);
    this.wakeFd = WorkerSignals.wakeDescriptor(libc);
    this.startWorker();
    this.look();
    return undefined;
  }

  get local(): Address | undefined {
    return this.socket?.local;
  }

  /** Whether it runs before all ordinary threads. */
  get isRealtime(): boolean {
    return this.signals?.isRealtime === true;
  }

  /** Whether the worker is alive, as far as its last beats tell. */
  get isOnTime(): boolean {
    return this.stillLooks < HUNG_LOOKS;
  }

  /** How long voice was missing when the worker died last: from its last beat to the first one of the next; ms. */
  get outageMs(): number | undefined {
    const firstMs = this.signals?.firstBeatMs ?? 0;
    return this.lostMs === undefined || firstMs === 0 ? undefined : firstMs - this.lostMs;
  }

  /** Past the worker, at once or with the other answers to what it reports. */
  send(bytes: Uint8Array, to: Address): void {
    const { socket, outgoing } = this;
    if (socket === undefined || outgoing === undefined) return;
    this.options.tap.note('out', bytes, to, socket.local);
    if (!outgoing.hasRoom(bytes.length)) this.flush();
    if (!outgoing.hasRoom(bytes.length)) this.countRefusal('the socket is full');
    else if (!outgoing.add(bytes, to)) this.countRefusal(`the socket cannot reach ${formatAddress(to)}`);
    else if (!this.holds) this.flush();
  }

  private flush(): void {
    const { socket, outgoing } = this;
    if (socket !== undefined && outgoing?.isEmpty === false) outgoing.flush(socket.fd, this.countRefusal);
  }

  sendPart(bytes: Uint8Array, at: number, length: number, to: Address): void {
    this.send(bytes.subarray(at, at + length), to);
  }

  private readonly countRefusal = (reason: string): void => {
    this.options.counters.increment('iax2.send-failed');
    this.refusals.warn('send-failed', reason, this.options.clock.nowMs());
  };

  /** There is something for the worker to read. */
  readonly onCommand = (): void => {
    this.signals?.wake();
  };

  /** Another worker takes the place of this one. */
  readonly onStuck = (): void => {
    void this.worker?.terminate();
  };

  async close(): Promise<void> {
    this.closing = true;
    this.cancelRestart?.();
    this.cancelLook?.();
    this.signals?.stop();
    const { worker } = this;
    if (worker !== undefined) await new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    // Only now: the number of a closed descriptor is soon another one's.
    if (this.socket !== undefined) this.options.libc.close(this.socket.fd);
    this.socket = undefined;
    if (this.wakeFd >= 0) this.options.libc.close(this.wakeFd);
  }

  private startWorker(): void {
    const { socket, options } = this;
    if (socket === undefined || this.closing) return;
    const link = planeLinkMemory();
    const memory = WorkerSignals.memory();
    this.signals = new WorkerSignals(options.libc, memory, this.wakeFd);
    this.startedMs = options.clock.nowMs();
    this.lastBeats = 0;
    this.stillLooks = 0;
    options.onStarted(link);
    const start: MediaWorkerStart = {
      link,
      signals: memory,
      lateness: this.latenessMemory,
      fd: socket.fd,
      ipv6: options.bind.ip.includes(':'),
      wakeFd: this.wakeFd,
      monotonicOffsetMs: monotonicOffsetMs(),
    };
    const worker = new Worker(options.script ?? SCRIPT, {
      workerData: start,
      // It allocates nothing once it runs.
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    });
    this.worker = worker;
    worker.on('message', () => this.handleReports());
    worker.on('error', (error) => options.log('error', 'media', `The media worker failed: ${error.message}`));
    worker.once('exit', () => this.handleExit());
  }

  private handleReports(): void {
    this.signals?.answer();
    this.readReports();
  }

  private readReports(): void {
    this.holds = true;
    try {
      if (this.options.onReports()) setImmediate(() => this.readReports());
    } finally {
      this.holds = false;
    }
    this.flush();
  }

  private handleExit(): void {
    this.worker = undefined;
    if (this.closing) return;
    const { clock, log, counters } = this.options;
    counters.increment('media.worker-died');
    const lastBeatMs = this.signals?.lastBeatMs ?? 0;
    // One that never worked has lost nothing: the outage has begun before it.
    if (lastBeatMs > 0) this.lostMs = lastBeatMs;
    this.signals = undefined;
    this.options.onLost();
    const livedMs = clock.nowMs() - this.startedMs;
    if (livedMs > HEALTHY_MS) this.restartMs = FIRST_RESTART_MS;
    this.stillborn = livedMs < STILLBORN_MS ? this.stillborn + 1 : 0;
    if (this.stillborn === GIVE_UP_AFTER) {
      log('error', 'media', 'The media worker cannot run here; the main thread does its work.');
      this.serveHere();
      return;
    }
    log('error', 'media', 'The media worker has ended; another one takes its place.', { inMs: this.restartMs });
    this.cancelRestart = clock.after(this.restartMs, () => this.startWorker());
    this.restartMs = Math.min(2 * this.restartMs, LAST_RESTART_MS);
  }

  /** A port that nobody reads would be worse than voice that the main thread delays. */
  private serveHere(): void {
    const { socket, options } = this;
    if (socket === undefined) return;
    const link = planeLinkMemory();
    const ipv6 = options.bind.ip.includes(':');
    const batches = new SocketBatches(options.libc, socket.fd, ipv6, () => plane.count('iax2.send-failed'));
    const plane = new WorkerPlane(link, batches);
    this.cancelLook?.();
    this.stillLooks = 0;
    this.signals = undefined;
    options.onStarted(link);
    const beat = (): void => {
      if (this.closing) return;
      if (plane.tick(options.clock.nowMs())) this.readReports();
      this.cancelRestart = options.clock.after(BEAT_MS, beat);
    };
    beat();
  }

  private look(): void {
    const beats = this.signals?.beats ?? 0;
    if (this.lastBeats === 0 && beats > 0) {
      const outageMs = this.outageMs === undefined ? undefined : Math.round(this.outageMs);
      const details = { realtime: this.isRealtime, ...(outageMs !== undefined && { outageMs }) };
      this.options.log('info', 'media', 'The media worker has the voice of IAX2 calls.', details);
    }
    this.stillLooks = beats === this.lastBeats ? this.stillLooks + 1 : 0;
    this.lastBeats = beats;
    if (this.stillLooks === HUNG_LOOKS) {
      this.options.log('error', 'media', 'The media worker does not answer.');
      this.onStuck();
    }
    this.cancelLook = this.options.clock.after(LOOK_MS, () => this.look());
  }
}
