import { Queue } from '../base/queue.ts';

/** Silence between two digits that are sent one after the other. */
const PAUSE_MS = 60;
/** More than anybody types ahead. */
const MAX_QUEUED = 512;

/** What to send next: the begin of a digit, or the end of the one that began `durationMs` ago. */
export type DigitStep =
  | { readonly type: 'begin'; readonly digit: string }
  | { readonly type: 'end'; readonly digit: string; readonly durationMs: number };

/** Plays digits one after the other as begin and end, however fast they are asked for. */
export class DigitSender {
  private readonly queue = new Queue<{ digit: string; durationMs: number }>();
  private current: { digit: string; durationMs: number } | undefined;
  private dueMs: number | undefined;
  /** No digit begins before this. */
  private restUntilMs = 0;

  /** False when too many are waiting. */
  add(digit: string, durationMs: number, nowMs: number): boolean {
    if (this.queue.length >= MAX_QUEUED) return false;
    this.queue.push({ digit, durationMs });
    this.dueMs ??= nowMs;
    return true;
  }

  /** The next step that is due. */
  take(nowMs: number): DigitStep | undefined {
    if (this.dueMs === undefined || this.dueMs > nowMs) return undefined;
    if (this.current !== undefined) {
      const { digit, durationMs } = this.current;
      this.current = undefined;
      this.dueMs = this.queue.length > 0 ? nowMs + PAUSE_MS : undefined;
      // The pause holds for a digit that is asked for just now, too.
      this.restUntilMs = nowMs + PAUSE_MS;
      return { type: 'end', digit, durationMs };
    }
    if (nowMs < this.restUntilMs) {
      this.dueMs = this.restUntilMs;
      return undefined;
    }
    this.current = this.queue.shift();
    this.dueMs = this.current === undefined ? undefined : nowMs + this.current.durationMs;
    return this.current === undefined ? undefined : { type: 'begin', digit: this.current.digit };
  }

  nextDeadline(): number | undefined {
    return this.dueMs;
  }
}
