import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../base/log.ts';
import type { Clock } from './clock.ts';

/** Captures that were asked for from afar: voices and proofs of secrets stay on the box, for its own user. */
export const CAPTURES_FOLDER = 'captures';

export interface CaptureLimits {
  readonly seconds: number;
  readonly megabytes: number;
}

export interface CaptureOrder extends CaptureLimits {
  /** Only this call; all that passes without. */
  readonly call?: string;
}

export interface CaptureEnd {
  readonly file: string;
  readonly bytes: number;
  readonly because: 'asked' | 'time' | 'size' | 'disk';
}

/** Begins to give a pcapng file piece by piece; gives what ends that. */
export type CaptureSource = (call: string | undefined, take: (bytes: Uint8Array) => void) => () => void;

/** The oldest goes when another begins: a box is no archive. */
const KEPT = 5;

/** One capture at a time into a file, of bounded time and size. */
export class CaptureFiles {
  private running: { readonly file: string; end(because: CaptureEnd['because']): CaptureEnd } | undefined;

  constructor(
    private readonly folder: string,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Begins one; gives its file, or why not. `onEnd` is told when it is over. */
  start(
    { call, seconds, megabytes }: CaptureOrder,
    source: CaptureSource,
    onEnd: (end: CaptureEnd) => void,
  ): { readonly file: string } | { readonly failed: string } {
    if (this.running !== undefined) return { failed: `a capture runs already, into ${this.running.file}` };
    const at = new Date(this.clock.wallMs()).toISOString().replace(/[:.]/g, '');
    const file = join(this.folder, `${at}.pcapng`);
    let open: number;
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o750 });
      this.dropOldest();
      open = openSync(file, 'wx', 0o600);
    } catch (error) {
      return { failed: `cannot write ${file}: ${(error as Error).message}` };
    }
    const limit = megabytes * 1e6;
    let bytes = 0;
    let stop = () => {};
    const cancel = this.clock.after(seconds * 1_000, () => end('time'));
    const end = (because: CaptureEnd['because']): CaptureEnd => {
      const over = { file, bytes, because };
      if (this.running?.file !== file) return over;
      this.running = undefined;
      cancel();
      stop();
      closeSync(open);
      onEnd(over);
      return over;
    };
    this.running = { file, end };
    const take = (piece: Uint8Array) => {
      if (this.running?.file !== file) return;
      if (bytes + piece.length > limit) {
        end('size');
        return;
      }
      try {
        bytes += writeSync(open, piece);
      } catch (error) {
        this.log('error', 'capture', `The capture cannot be written: ${(error as Error).message}`, { file });
        end('disk');
      }
    };
    stop = source(call, take);
    // The disk may have refused the very first piece.
    if (this.running === undefined) stop();
    return { file };
  }

  /** Ends the one that runs; undefined if there is none. */
  stop(): CaptureEnd | undefined {
    return this.running?.end('asked');
  }

  private dropOldest(): void {
    const names = readdirSync(this.folder).filter((name) => name.endsWith('.pcapng'));
    for (const name of names.sort().slice(0, Math.max(0, names.length - KEPT + 1))) rmSync(join(this.folder, name));
  }
}
