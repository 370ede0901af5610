import type { LookupResult } from './endpoint-output.ts';
import type { LookupDialog } from './lookup-dialog.ts';

/** What a peer's dialplan has for a number. [RFC5456 §8.6.19] */
export interface LookupAnswer {
  readonly status: 'exists' | 'can-exist' | 'non-existent';
  /** Longer numbers exist, too. */
  readonly matchMore: boolean;
  /** The dial tone goes on after it. */
  readonly ignorePattern: boolean;
}

/** Longest that anybody waits for an answer. */
const PATIENCE_MS = 5_000;
/** What could not be asked is not asked again for so long. */
const UNKNOWN_MS = 60_000;
/** Answers that are kept; the oldest goes first. */
const MAX_KEPT = 4_096;
const MAX_WAITING = 256;

export interface LookupRequest {
  readonly peer: string;
  readonly context?: string;
  readonly number: string;
}

/** Opens a lookup call, or says why there can be none. */
export type OpenLookup = (
  request: LookupRequest,
  answered: (number: string, answer: LookupAnswer, refreshS: number, nowMs: number) => void,
  ended: (reason: string, nowMs: number) => void,
  nowMs: number,
) => LookupDialog | { readonly failed: string };

interface Waiting {
  readonly id: number;
  readonly request: LookupRequest;
  readonly untilMs: number;
}

/**
 * Asks other switches what numbers they have, one open call per peer and context, and keeps the answers. It never makes
 * a caller wait: what is not known yet comes as an output, and a peer that is away is known to be so at once.
 * [RFC5456 §6.8]
 */
export class RemoteDialplan {
  private readonly kept = new Map<string, { readonly result: LookupResult; readonly untilMs: number }>();
  private readonly dialogs = new Map<string, LookupDialog>();
  private waiting: Waiting[] = [];
  private lastId = 0;

  constructor(
    private readonly open: OpenLookup,
    private readonly report: (id: number, result: LookupResult) => void,
  ) {}

  /** The answer if it is known, else the id under which it will be reported. */
  lookup(request: LookupRequest, nowMs: number): LookupResult | { readonly id: number } {
    const kept = this.kept.get(answerKey(request));
    if (kept !== undefined && kept.untilMs > nowMs) return kept.result;
    if (this.waiting.length >= MAX_WAITING) return { known: false, reason: 'Too many lookups are waiting.' };
    const isAsked = this.waiting.some((other) => answerKey(other.request) === answerKey(request));
    const id = ++this.lastId;
    const entry = { id, request, untilMs: nowMs + PATIENCE_MS };
    this.waiting.push(entry);
    if (isAsked) return { id };
    const failed = this.ask(request, nowMs);
    if (failed === undefined) return { id };
    this.waiting = this.waiting.filter((other) => other !== entry);
    return this.keep(request, { known: false, reason: failed }, UNKNOWN_MS / 6, nowMs);
  }

  handleTimeout(nowMs: number): void {
    const late = this.waiting.filter(({ untilMs }) => untilMs <= nowMs);
    for (const { request } of late)
      this.conclude(request, { known: false, reason: `${request.peer} did not answer in time.` }, UNKNOWN_MS, nowMs);
  }

  nextDeadline(): number | undefined {
    return this.waiting[0]?.untilMs;
  }

  /** Why the number cannot be asked. */
  private ask(request: LookupRequest, nowMs: number): string | undefined {
    const key = callKey(request);
    let dialog = this.dialogs.get(key);
    if (dialog?.isOpen !== true) {
      const opened = this.open(
        request,
        (number, answer, refreshS, atMs) =>
          this.conclude({ ...request, number }, { known: true, ...answer }, refreshS * 1000, atMs),
        (reason, atMs) => this.handleEnd(key, reason, atMs),
        nowMs,
      );
      if ('failed' in opened) return opened.failed;
      dialog = opened;
      this.dialogs.set(key, dialog);
    }
    dialog.ask(request.number, nowMs);
    return undefined;
  }

  private handleEnd(key: string, reason: string, nowMs: number): void {
    this.dialogs.delete(key);
    for (const { request } of this.waiting.filter((entry) => callKey(entry.request) === key))
      this.conclude(request, { known: false, reason }, UNKNOWN_MS, nowMs);
  }

  private conclude(request: LookupRequest, result: LookupResult, keepMs: number, nowMs: number): void {
    this.keep(request, result, keepMs, nowMs);
    const key = answerKey(request);
    const done = this.waiting.filter((entry) => answerKey(entry.request) === key);
    this.waiting = this.waiting.filter((entry) => answerKey(entry.request) !== key);
    for (const { id } of done) this.report(id, result);
  }

  private keep(request: LookupRequest, result: LookupResult, keepMs: number, nowMs: number): LookupResult {
    const key = answerKey(request);
    this.kept.delete(key);
    this.kept.set(key, { result, untilMs: nowMs + keepMs });
    if (this.kept.size > MAX_KEPT) this.kept.delete(this.kept.keys().next().value!);
    return result;
  }
}

function callKey({ peer, context }: LookupRequest): string {
  return `${peer}/${context ?? ''}`;
}

function answerKey(request: LookupRequest): string {
  return `${callKey(request)}/${request.number}`;
}
