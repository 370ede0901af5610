import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import type { Counters } from './base/counters.ts';
import type { Log } from './base/log.ts';
import type { Clock } from './io/clock.ts';
import { Lateness } from './io/lateness.ts';
import type { Libc, ReadableWatch } from './io/libc.ts';
import { monotonicOffsetMs } from './io/thread-clock.ts';
import { type SignalDescriptors, WorkerSignals } from './io/worker-signals.ts';
import { type WorkerDescriptors, workerSockets } from './io/worker-sockets.ts';
import { startWorker } from './io/worker-threads.ts';
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
  readonly descriptors: WorkerDescriptors;
  readonly signalDescriptors: SignalDescriptors;
  readonly monotonicOffsetMs: number;
}

export interface MediaWorkerHostOptions {
  /** What the worker runs; the one beside the command unless told otherwise. */
  readonly script?: URL;
  /** Proven on this machine. */
  readonly libc: Libc;
  /** A worker begins, and must be told of what is open. */
  readonly onStarted: (link: PlaneLinkMemory) => void;
  readonly onLost: () => void;
  /** It has reported something; true if it is to be asked again soon. */
  readonly onReports: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/**
 * Keeps a media worker alive. Its sockets are the main thread's: a worker that dies leaves them open, and the next one goes on
 * with the calls.
 */
export class MediaWorkerHost implements WorkerNotices {
  private descriptors: WorkerDescriptors | undefined;
  private worker: Worker | undefined;
  private signals: WorkerSignals | undefined;
  private readonly signalDescriptors: SignalDescriptors;
  private bell: ReadableWatch | undefined;
  private readonly latenessMemory = new SharedArrayBuffer(Lateness.bytes());
  /** How late the ticks of the worker were. */
  readonly lateness = new Lateness(this.latenessMemory);
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

  constructor(private readonly options: MediaWorkerHostOptions) {
    this.signalDescriptors = WorkerSignals.openDescriptors(options.libc);
  }

  /** Whether there is a script of the worker: none where the sources run as they are. */
  static get isBuilt(): boolean {
    return existsSync(fileURLToPath(SCRIPT));
  }

  /** The sockets that it has the voice of are open. */
  start(descriptors: WorkerDescriptors): void {
    this.descriptors = descriptors;
    const { wakeFd, bellFd } = this.signalDescriptors;
    if (wakeFd < 0 || bellFd < 0) {
      this.serveHere();
      return;
    }
    this.bell = this.options.libc.watch(bellFd, () => this.handleReports());
    this.startWorker();
    this.look();
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

  /** There is something for the worker to read. */
  readonly onCommand = (): void => {
    this.signals?.wake();
  };

  /** Another worker takes the place of this one. */
  readonly onStuck = (): void => {
    void this.worker?.terminate();
  };

  /** Resolves when the worker has let go of its sockets: only then may they be closed. */
  async close(): Promise<void> {
    this.closing = true;
    this.cancelRestart?.();
    this.cancelLook?.();
    this.signals?.stop();
    const { worker } = this;
    if (worker !== undefined) await new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.bell?.close();
    for (const fd of Object.values(this.signalDescriptors)) if (fd >= 0) this.options.libc.close(fd);
  }

  private startWorker(): void {
    const { descriptors, options } = this;
    if (descriptors === undefined || this.closing) return;
    const link = planeLinkMemory();
    const memory = WorkerSignals.memory();
    this.signals = new WorkerSignals(options.libc, memory, this.signalDescriptors);
    this.startedMs = options.clock.nowMs();
    this.lastBeats = 0;
    this.stillLooks = 0;
    options.onStarted(link);
    const start: MediaWorkerStart = {
      link,
      signals: memory,
      lateness: this.latenessMemory,
      descriptors,
      signalDescriptors: this.signalDescriptors,
      monotonicOffsetMs: monotonicOffsetMs(),
    };
    const worker = startWorker(options.script ?? SCRIPT, {
      workerData: start,
      // It allocates nothing once it runs.
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    });
    this.worker = worker;
    worker.on('error', (error) => options.log('error', 'media', `The media worker failed: ${error.message}`));
    worker.once('exit', () => this.handleExit());
  }

  private handleReports(): void {
    this.signals?.answer();
    this.readReports();
  }

  private readReports(): void {
    if (this.options.onReports()) setImmediate(() => this.readReports());
  }

  private handleExit(): void {
    this.worker = undefined;
    if (this.closing) return;
    const { clock, log, counters } = this.options;
    counters.increment('media.worker-died');
    // Its last reports; a bell that nobody answers would ring for ever.
    this.handleReports();
    const lastBeatMs = this.signals?.lastBeatMs ?? 0;
    // One that never worked has lost nothing: the outage has begun before it.
    if (lastBeatMs > 0) this.lostMs = lastBeatMs;
    this.signals = undefined;
    this.options.onLost();
    const livedMs = clock.nowMs() - this.startedMs;
    if (livedMs > HEALTHY_MS) this.restartMs = FIRST_RESTART_MS;
    this.stillborn = livedMs < STILLBORN_MS ? this.stillborn + 1 : 0;
    if (this.stillborn === GIVE_UP_AFTER) {
      this.serveHere();
      return;
    }
    log('error', 'media', 'The media worker has ended; another one takes its place.', { inMs: this.restartMs });
    this.cancelRestart = clock.after(this.restartMs, () => this.startWorker());
    this.restartMs = Math.min(2 * this.restartMs, LAST_RESTART_MS);
  }

  /** Ports that nobody reads would be worse than voice that the main thread delays. */
  private serveHere(): void {
    const { descriptors, options } = this;
    if (descriptors === undefined) return;
    options.log('error', 'media', 'The media worker cannot run here; the main thread does its work.');
    const link = planeLinkMemory();
    const sockets = workerSockets(options.libc, descriptors, (reason) => plane.count(reason));
    const plane = new WorkerPlane(link, sockets);
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
      this.options.log('info', 'media', 'The media worker has the voice of calls.', details);
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
