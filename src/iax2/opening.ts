import { encodeInformationElements, type InformationElements } from './information-element.ts';
import type { Reliable } from './reliable.ts';
import { FRAME_TYPE } from './subclass.ts';

/**
 * Waits between transmissions of an opening before anything was heard, and after the last before giving up. Shorter than
 * the usual back-off: a caller is waiting, and the next route must get its turn within two seconds.
 */
export const CALL_SCHEDULE: readonly number[] = [300, 500, 500, 600];
/** The same where a peer is waited for longer or shorter: the whole is `autokillMs`. */
export function callSchedule(autokillMs: number | undefined): readonly number[] {
  if (autokillMs === undefined) return CALL_SCHEDULE;
  const waits: number[] = [];
  let left = autokillMs;
  for (let wait = CALL_SCHEDULE[0]!; left > 0; wait = Math.min(LONGEST_WAIT_MS, wait + 200)) {
    waits.push(Math.min(wait, left));
    left -= wait;
  }
  return waits;
}

/** A registration has more time, but must not keep its place for half a minute either. */
export const REGISTRATION_SCHEDULE: readonly number[] = [500, 1_000, 1_500, 2_000];
const LONGEST_WAIT_MS = 1_000;
/** With a token: over before the token is stale, which is after 10 s. */
const TOKEN_SCHEDULE: readonly number[] = [300, 1_000, 3_000, 3_700];

/**
 * How a dialog begins, from its beginner's side: the opening frame (NEW, REGREQ, REGREL) with an empty CALLTOKEN, and
 * again, from sequence number 0, with the token that came back. Done once the far end answers with a call number of its
 * own. Call tokens are Asterisk's addition to RFC 5456.
 */
export class Opening {
  /** Empty = please send one. */
  private token: Uint8Array = new Uint8Array(0);
  private open = true;

  constructor(
    private readonly reliable: Reliable,
    private readonly subclass: number,
    private readonly elements: InformationElements,
    private readonly schedule: readonly number[],
  ) {}

  start(nowMs: number): void {
    this.send(this.schedule, nowMs);
  }

  /** Whether the far end has not yet answered with state. */
  get isOpen(): boolean {
    return this.open;
  }

  close(): void {
    this.open = false;
  }

  /** A token came: starts again with it. A second one is the answer to a retransmission and changes nothing. */
  handleCallToken(token: Uint8Array | undefined, nowMs: number): void {
    if (!this.open || this.hasToken || token === undefined || token.length === 0) return;
    this.token = token.slice();
    this.reliable.reset(nowMs);
    this.send(TOKEN_SCHEDULE, nowMs);
  }

  /** Whether a token was sent: a refusal without reasons then is about the token. */
  get hasToken(): boolean {
    return this.token.length > 0;
  }

  private send(schedule: readonly number[], nowMs: number): void {
    const timestamp = this.reliable.clock.stampGenuine(nowMs);
    const body = encodeInformationElements({ ...this.elements, callToken: this.token });
    this.reliable.send(FRAME_TYPE.IAX, this.subclass, timestamp, body, nowMs, schedule);
  }
}
