import { type Address, formatAddress } from '../base/machine.ts';
import { type MessageCount, sameCount } from '../base/message-count.ts';
import type { Random } from '../base/random.ts';
import { Timers } from '../base/timers.ts';
import { type RegistrationState, type RegistrationStatus, retryDelayMs } from './peer.ts';
import type { RegistrationDialog, RegistrationOutcome } from './registration-dialog.ts';

/** How long a name may take to resolve before the last known address is used. */
const RESOLVE_MS = 5_000;
/** Some messages are waiting, but how many was not said. [RFC5456 §8.6.23] */
const SOME_MESSAGES = 0xffff;

export interface RegistrantOptions {
  readonly host: string;
  readonly refreshS: number;
  /** Registers at least as often. */
  readonly everyMs: number | undefined;
}

/** What a registrant needs of the endpoint. */
export interface RegistrantEnvironment {
  readonly random: Random;
  readonly wallClock: () => number;
  /** Asks for the host's addresses; `handleResolved` brings them. Not called where the host is an address. */
  readonly resolve: (nowMs: number) => void;
  /** Begins an attempt; undefined if no call number is free. */
  readonly attempt: (
    kind: 'register' | 'release',
    to: Address,
    report: (outcome: RegistrationOutcome, nowMs: number) => void,
    nowMs: number,
  ) => RegistrationDialog | undefined;
  readonly changed: (status: RegistrationStatus, apparentChanged: boolean) => void;
}

/**
 * Keeps our address known at one peer. States: unregistered → registering → registered, with rejected, timeout and
 * no-auth from which it tries again for ever. A new attempt leaves the state as it is until it succeeds or fails. [RFC5456 §6.1]
 */
export class Registrant {
  private state: RegistrationState = 'unregistered';
  private sinceEpochMs: number;
  private reason: string | null = null;
  private refreshS: number | null = null;
  private apparent: string | null = null;
  private messages: MessageCount | null = null;
  private failures = 0;
  private addresses: readonly Address[];
  /** Which of several addresses is tried: the next after one that did not answer. */
  private addressIndex = 0;
  private dialog: RegistrationDialog | undefined;
  private readonly timers = new Timers<'attempt' | 'resolve'>();
  private isReleased = false;

  constructor(
    private readonly options: RegistrantOptions,
    private readonly environment: RegistrantEnvironment,
    /** The address itself where the host is no name. */
    private readonly literal: Address | undefined,
  ) {
    this.addresses = literal === undefined ? [] : [literal];
    this.sinceEpochMs = environment.wallClock();
  }

  /** Tries at once, whatever went before: at start, and when our own address has changed. */
  register(nowMs: number): void {
    this.isReleased = false;
    this.dialog?.abandon(nowMs);
    this.dialog = undefined;
    if (this.state === 'unregistered') this.enter('registering', null);
    if (this.literal !== undefined) {
      this.attempt(nowMs);
      return;
    }
    this.timers.clear('attempt');
    this.timers.set('resolve', nowMs + RESOLVE_MS);
    this.environment.resolve(nowMs);
  }

  /** REGREL: asks to be forgotten, so that the peer stops sending us calls. */
  release(nowMs: number): void {
    const wasRegistered = this.state === 'registered';
    this.isReleased = true;
    this.timers.clearAll();
    this.dialog?.abandon(nowMs);
    this.dialog = undefined;
    this.enter('unregistered', null);
    const to = this.addresses[this.addressIndex];
    if (wasRegistered && to !== undefined)
      this.dialog = this.environment.attempt('release', to, () => (this.dialog = undefined), nowMs);
  }

  /** The host's addresses, in the order to try them; none = the name cannot be resolved. */
  handleResolved(addresses: readonly Address[], nowMs: number): void {
    const waited = this.timers.at('resolve') !== undefined;
    this.timers.clear('resolve');
    if (addresses.length > 0) this.adopt(addresses);
    if (!waited || this.isReleased) return;
    if (this.addresses.length === 0) {
      this.fail('timeout', `The name ${this.options.host} could not be resolved.`, nowMs);
      return;
    }
    this.attempt(nowMs);
  }

  handleTimeout(nowMs: number): void {
    for (const timer of this.timers.due(nowMs)) {
      if (timer === 'attempt') this.register(nowMs);
      else if (this.addresses.length > 0) this.attempt(nowMs);
      else this.fail('timeout', `The name ${this.options.host} could not be resolved in time.`, nowMs);
    }
  }

  nextDeadline(): number | undefined {
    return this.timers.next();
  }

  /** The address that took our registration; undefined before there was one. */
  get address(): Address | undefined {
    return this.state === 'registered' ? this.addresses[this.addressIndex] : undefined;
  }

  get status(): RegistrationStatus {
    const { state, refreshS, apparent, sinceEpochMs, reason, messages } = this;
    return { state, refreshS, apparent, sinceEpochMs, reason, messages };
  }

  /** A list in another order is not a change: the address in use stays as long as it is on the list. */
  private adopt(addresses: readonly Address[]): void {
    const current = this.addresses[this.addressIndex];
    const key = current === undefined ? '' : formatAddress(current);
    this.addresses = addresses;
    this.addressIndex = Math.max(
      0,
      addresses.findIndex((address) => formatAddress(address) === key),
    );
  }

  private attempt(nowMs: number): void {
    this.timers.clearAll();
    const to = this.addresses[this.addressIndex];
    if (to === undefined) return;
    const report = (outcome: RegistrationOutcome, atMs: number) => this.conclude(outcome, atMs);
    this.dialog = this.environment.attempt('register', to, report, nowMs);
    if (this.dialog === undefined) this.fail('timeout', 'No call number is free.', nowMs);
  }

  private conclude(outcome: RegistrationOutcome, nowMs: number): void {
    this.dialog = undefined;
    switch (outcome.type) {
      case 'registered':
        this.succeed(outcome, nowMs);
        break;
      case 'silent':
        this.addressIndex = (this.addressIndex + 1) % this.addresses.length;
        this.fail('timeout', outcome.reason, nowMs);
        break;
      case 'rejected':
      case 'no-auth':
        this.fail(outcome.type, outcome.reason, nowMs);
        break;
    }
  }

  private succeed(outcome: Extract<RegistrationOutcome, { type: 'registered' }>, nowMs: number): void {
    this.failures = 0;
    const moved = outcome.apparent !== undefined && this.apparent !== null && outcome.apparent !== this.apparent;
    this.refreshS = outcome.refreshS;
    this.apparent = outcome.apparent ?? this.apparent;
    const messages = messagesOf(outcome.messageCount);
    const isNews = moved || !sameCount(messages, this.messages);
    this.messages = messages;
    const renewMs = (outcome.refreshS * 1000 * 5) / 6;
    // A peer that grants a second or two must not make us ask without pause.
    const waitMs = Math.max(Math.min(renewMs, this.options.everyMs ?? renewMs), 1_000);
    this.timers.set('attempt', nowMs + waitMs);
    this.enter('registered', null, moved, isNews);
  }

  private fail(state: 'timeout' | 'rejected' | 'no-auth', reason: string, nowMs: number): void {
    this.failures++;
    this.timers.set('attempt', nowMs + retryDelayMs(this.failures, this.environment.random));
    this.enter(state, reason);
  }

  private enter(state: RegistrationState, reason: string | null, apparentChanged = false, hasMore = false): void {
    const isNews = state !== this.state || reason !== this.reason || hasMore;
    if (state !== this.state) this.sinceEpochMs = this.environment.wallClock();
    this.state = state;
    this.reason = reason;
    if (isNews) this.environment.changed(this.status, apparentChanged);
  }
}

function messagesOf(count: number | undefined): MessageCount | null {
  if (count === undefined) return null;
  if (count === SOME_MESSAGES) return { newMessages: 1, oldMessages: 0 };
  return { newMessages: count & 0xff, oldMessages: count >> 8 };
}
