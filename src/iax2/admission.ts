import type { Counters } from '../base/counters.ts';
import { Lockout, TokenBucket } from '../base/limits.ts';
import type { RateLimitedLog } from '../base/log.ts';
import { type Address, formatAddress } from '../base/machine.ts';
import { type CallTokens, SHORTEST_TOKEN } from './call-token.ts';
import type { EndpointOutput } from './endpoint-output.ts';
import type { FullFrame } from './frame.ts';
import { FULL_HEADER_LENGTH } from './frame-header.ts';
import type { InformationElements } from './information-element.ts';
import type { KnownPeer } from './known-peer.ts';
import type { Message } from './message.ts';
import type { TransmitSink } from './reliable.ts';
import { statelessReply } from './stateless.ts';
import { IAX_SUBCLASS } from './subclass.ts';

/** A reply to somebody who has not shown that he receives where he sends from is no longer than this times his request. */
const AMPLIFICATION = 1.2;
const ELEMENT_HEADER_LENGTH = 2;
const PROTOCOL_VERSION = 2;
/** Failures to prove oneself within a minute that lock an address out for five. */
const LOCKOUT = { failures: 20, windowMs: 60_000, lockMs: 300_000 } as const;
const REFUSALS_PER_SECOND = 50;
const REPLIES_PER_SECOND = 2_000;

export interface AdmissionEnvironment {
  readonly tokens: CallTokens;
  readonly counters: Counters;
  readonly log: RateLimitedLog;
  readonly transmit: TransmitSink;
  readonly emit: (output: EndpointOutput) => void;
}

/**
 * Who may begin a dialog: nobody gets a call number here before a call token has shown that he receives where he sends
 * from, unless his peer's configuration says that he is too old for that; and nobody who goes on guessing secrets.
 */
export class Admission {
  private readonly lockout = new Lockout(LOCKOUT);
  private readonly refusals = new TokenBucket(REFUSALS_PER_SECOND, 2 * REFUSALS_PER_SECOND);
  private readonly replies = new TokenBucket(REPLIES_PER_SECOND, 2 * REPLIES_PER_SECOND);

  constructor(private readonly environment: AdmissionEnvironment) {}

  isLockedOut(from: Address, nowMs: number): boolean {
    return this.lockout.isLocked(from.ip, nowMs);
  }

  /** POKE is answered from call 1. [RFC5456 §6.7.1] */
  answerPoke(frame: FullFrame, from: Address, nowMs: number): void {
    this.reply(statelessReply(frame, IAX_SUBCLASS.PONG), from, nowMs);
  }

  /** For frames of a call that is not there; `bytes` are no longer than what they answer. */
  reply(bytes: Uint8Array, to: Address, nowMs: number): void {
    if (this.replies.take(nowMs)) this.environment.transmit(to, bytes);
    else this.environment.counters.increment('iax2.reply-limit');
  }

  /**
   * Judges the first frame of a dialog by its call token. Admitted: `proven` or not; else it was answered, or is to be
   * passed over. `peer` is whose it says it is; without one a token is a must.
   */
  judge(
    message: Message,
    length: number,
    from: Address,
    peer: KnownPeer | undefined,
    nowMs: number,
  ): 'proven' | 'unproven' | 'answered' {
    const { frame, ies } = message;
    if ((ies.version ?? PROTOCOL_VERSION) > PROTOCOL_VERSION) {
      this.refuse(message, from, 'iax2.unknown-version', 'speaks a newer version of IAX', nowMs);
      return 'answered';
    }
    const { callToken } = ies;
    if (callToken === undefined) return this.judgeWithoutToken(message, from, peer, nowMs);
    if (callToken.length === 0) {
      this.sendToken(frame, length, from, nowMs);
      return 'answered';
    }
    const verdict = this.environment.tokens.verify(callToken, from, nowMs);
    if (verdict === 'valid') {
      if (peer !== undefined) peer.knowsTokens = true;
      return 'proven';
    }
    this.refuse(message, from, `iax2.token-${verdict}`, `sent a call token that is ${verdict}`, nowMs);
    return 'answered';
  }

  /** What came of a proof of identity, by an address that is known to be real. */
  handleProof(isGenuine: boolean, from: Address, username: string, nowMs: number): void {
    if (isGenuine) {
      this.lockout.succeed(from.ip);
      return;
    }
    const { counters, log, emit } = this.environment;
    counters.increment('iax2.auth-failed');
    const reason = `${formatAddress(from)} did not prove to be ${username}.`;
    log.warn('iax2.auth-failed', reason, nowMs, { from: formatAddress(from), username });
    emit({ type: 'security', event: 'auth-failed', from, username, reason });
    if (!this.lockout.fail(from.ip, nowMs)) return;
    counters.increment('iax2.locked-out');
    const locked = `${from.ip} is not heard for ${LOCKOUT.lockMs / 60_000} min: it failed ${LOCKOUT.failures} times.`;
    log.warn('iax2.locked-out', locked, nowMs, { from: from.ip });
    emit({ type: 'security', event: 'locked-out', from, username, reason: locked });
  }

  private judgeWithoutToken(
    message: Message,
    from: Address,
    peer: KnownPeer | undefined,
    nowMs: number,
  ): 'unproven' | 'answered' {
    const policy = peer?.config.callToken ?? 'required';
    if (policy === 'no' || (policy === 'auto' && peer?.knowsTokens === false)) return 'unproven';
    this.refuse(message, from, 'iax2.token-missing', 'sent no call token, which is required', nowMs);
    return 'answered';
  }

  private sendToken(frame: FullFrame, length: number, from: Address, nowMs: number): void {
    const { tokens, counters } = this.environment;
    const room = Math.floor(AMPLIFICATION * length) - FULL_HEADER_LENGTH - ELEMENT_HEADER_LENGTH;
    if (room < SHORTEST_TOKEN) {
      counters.increment('iax2.too-short-for-token');
      return;
    }
    const elements: InformationElements = { callToken: tokens.make(from, nowMs, room) };
    this.reply(statelessReply(frame, IAX_SUBCLASS.CALLTOKEN, elements), from, nowMs);
  }

  /** A refusal without reasons, as Asterisk gives it; the reason is for our own log. */
  private refuse(message: Message, from: Address, counter: string, what: string, nowMs: number): void {
    const { counters, log, transmit } = this.environment;
    counters.increment(counter);
    log.warn(counter, `${formatAddress(from)} ${what}.`, nowMs, { username: message.ies.username ?? '' });
    if (!this.refusals.take(nowMs)) return;
    const subclass = message.name === 'NEW' ? IAX_SUBCLASS.REJECT : IAX_SUBCLASS.REGREJ;
    transmit(from, statelessReply(message.frame, subclass));
  }
}
