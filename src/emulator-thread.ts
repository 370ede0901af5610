import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import type { Deeds, Sockets, World } from '../firmware-bridge/emulator/board.ts';
import { startWorker } from './io/worker-threads.ts';

export interface EmulatorWorkerData {
  /** The image of the firmware. */
  readonly imagePath: string;
  readonly sockets: Sockets;
}

export type EmulatorMessage =
  /** It can run now, so many times faster than real time. */
  { readonly type: 'ready'; readonly speed: number } | { readonly type: 'deeds'; readonly deeds: Deeds };

/** Both lie beside the bundle. */
const FOLDER = dirname(fileURLToPath(import.meta.url));
const WORKER = new URL('./emulator-worker.js', import.meta.url);
const IMAGE = join(FOLDER, 'hat-rp2040.bin');

/** The thread in which an emulated RP2040 runs the shipped firmware. */
export class EmulatorThread {
  onDeeds: (deeds: Deeds) => void = () => {};
  /** It has ended by itself, for a reason in one sentence. */
  onEnd: (reason: string) => void = () => {};
  private onReady: () => void = () => {};
  private measured = 0;
  private stopped = false;

  /** Gives the thread when its speed is known; throws with the reason when it cannot run. */
  static async start(sockets: Sockets): Promise<EmulatorThread> {
    if (!existsSync(fileURLToPath(WORKER))) throw new Error('it is there in a build only');
    const data: EmulatorWorkerData = { imagePath: IMAGE, sockets };
    const worker = startWorker(WORKER, { workerData: data });
    const thread = new EmulatorThread(worker);
    await new Promise<void>((resolve, reject) => {
      thread.onReady = resolve;
      thread.onEnd = (reason) => reject(new Error(reason));
    });
    return thread;
  }

  private constructor(private readonly worker: Worker) {
    worker.on('message', (message: EmulatorMessage) => {
      if (message.type === 'deeds') {
        this.onDeeds(message.deeds);
        return;
      }
      this.measured = message.speed;
      this.onReady();
    });
    worker.on('error', (error) => this.end(error.message));
    worker.on('exit', (code) => this.end(`its thread ended with ${code}`));
  }

  /** How many times faster than real time it was when it started. */
  get speed(): number {
    return this.measured;
  }

  run(world: World): void {
    this.worker.postMessage(world);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.worker.terminate();
  }

  private end(reason: string): void {
    if (this.stopped) return;
    this.stopped = true;
    this.onEnd(reason);
  }
}
