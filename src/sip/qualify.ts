import { toHex } from '../base/bytes.ts';
import type { Crypto } from '../base/crypto.ts';
import { ProbeLoss } from '../base/probe-loss.ts';
import { HeaderFields } from './header-field.ts';
import { NO_BODY, type Response } from './message.ts';
import { formatNameAddr, nameAddr, withTag } from './name-addr.ts';
import type { ClientTransactionUser } from './transaction.ts';
import type { OutgoingRequest } from './transaction-layer.ts';
import type { SipUri } from './uri.ts';

export interface QualifyConfig {
  readonly everyMs: number;
  readonly timeoutMs: number;
}

export interface Reachability {
  /** Null before the first answer, or the first silence. */
  readonly reachable: boolean | null;
  readonly rttMs: number | null;
  /** Share of the last OPTIONS that had no answer; null before the first. */
  readonly lossPct: number | null;
  /** One sentence; null when well. */
  readonly reason: string | null;
}

/** What is known of a peer that was not asked. */
export const NOT_ASKED: Reachability = { reachable: null, rttMs: null, lossPct: null, reason: null };

/**
 * Asks a peer from time to time whether it is there, with OPTIONS: whatever it answers, it is. Calls to one that is not
 * fail at once, so that the next priority runs without delay.
 */
export class Qualify {
  private dueMs: number | undefined;
  private readonly loss = new ProbeLoss();
  private current = NOT_ASKED;

  constructor(
    private readonly config: QualifyConfig,
    /** Sends OPTIONS. */
    private readonly ask: (user: ClientTransactionUser, timeoutMs: number, nowMs: number) => void,
    private readonly changed: (state: Reachability) => void,
  ) {}

  get state(): Reachability {
    return this.current;
  }

  /** Asks for the first time at `dueMs`. */
  start(dueMs: number): void {
    this.dueMs = dueMs;
  }

  stop(): void {
    this.dueMs = undefined;
  }

  nextDeadline(): number | undefined {
    return this.dueMs;
  }

  handleTimeout(nowMs: number): void {
    if (this.dueMs === undefined || nowMs < this.dueMs) return;
    this.dueMs = nowMs + this.config.everyMs;
    const user: ClientTransactionUser = {
      handleResponse: ({ status }: Response, atMs) => {
        if (status >= 200) this.become(true, Math.round(atMs - nowMs), null);
      },
      handleFailure: (why) => {
        const reason = why === 'timeout' ? 'It did not answer OPTIONS.' : 'It cannot be reached.';
        this.become(false, null, reason);
      },
    };
    this.ask(user, this.config.timeoutMs, nowMs);
  }

  private become(reachable: boolean, rttMs: number | null, reason: string | null): void {
    const wasReachable = this.current.reachable;
    this.loss.note(reachable);
    this.current = { reachable, rttMs, lossPct: this.loss.pct, reason };
    if (this.dueMs !== undefined && reachable !== wasReachable) this.changed(this.current);
  }
}

/** The OPTIONS that asks for a sign of life. [RFC3261 §11.1] */
export function optionsRequest(
  crypto: Crypto,
  uri: SipUri,
  us: SipUri,
  route: readonly string[] = [],
): OutgoingRequest {
  return {
    method: 'OPTIONS',
    uri,
    from: withTag(nameAddr(us), toHex(crypto.randomBytes(8))),
    to: nameAddr({ ...uri, headers: [] }),
    callId: toHex(crypto.randomBytes(16)),
    cseq: { number: 1, method: 'OPTIONS' },
    headers: new HeaderFields([
      ['Max-Forwards', '70'],
      ['Contact', formatNameAddr(nameAddr(us))],
      ['Accept', 'application/sdp'],
      ...route.map((stop) => ['Route', stop] as const),
    ]),
    body: NO_BODY,
  };
}
