import { formatAddress } from '../base/machine.ts';
import { type Credentials, proveIdentity } from './authentication.ts';
import { Dialog, type Surroundings } from './dialog.ts';
import type { InformationElements } from './information-element.ts';
import type { Message, MessageName } from './message.ts';
import { Opening, REGISTRATION_SCHEDULE } from './opening.ts';
import type { Reliable } from './reliable.ts';

/** REGACK without REFRESH. [RFC5456 §8.6.18] */
const DEFAULT_REFRESH_S = 60;
/** The whole exchange; past it, the attempt has failed whatever is still on its way. */
const DEADLINE_MS = 32_000;

/** How one attempt to register ended. */
export type RegistrationOutcome =
  | {
      readonly type: 'registered';
      readonly refreshS: number;
      /** Our address as the peer sees it; undefined if it did not say. */
      readonly apparent: string | undefined;
      readonly messageCount: number | undefined;
    }
  | { readonly type: 'rejected' | 'no-auth' | 'silent'; readonly reason: string };

export interface RegistrationRequest {
  /** REGREQ, or REGREL to be forgotten. */
  readonly subclass: number;
  readonly username: string;
  readonly refreshS: number;
  readonly credentials: Credentials;
  readonly report: (outcome: RegistrationOutcome, nowMs: number) => void;
}

const WAITING: ReadonlySet<MessageName> = new Set(['REGAUTH', 'REGACK', 'REGREJ', 'PONG', 'LAGRP', 'UNSUPPORT']);

/** One attempt to register or to be released, from our side: a call number of its own each time. [RFC5456 §6.1] */
export class RegistrationDialog extends Dialog<'deadline'> {
  private hasAnsweredChallenge = false;

  constructor(
    around: Surroundings,
    reliable: Reliable,
    private readonly request: RegistrationRequest,
    nowMs: number,
  ) {
    super(around, reliable, nowMs);
    const { subclass, username, refreshS } = request;
    this.opening = new Opening(reliable, subclass, { username, refreshS }, REGISTRATION_SCHEDULE);
    this.timers.set('deadline', nowMs + DEADLINE_MS);
    this.opening.start(nowMs);
  }

  /** Gives up without telling anybody: a newer attempt takes its place. */
  abandon(nowMs: number): void {
    this.finish();
    this.around.changed(this, nowMs);
  }

  protected legalMessages(): ReadonlySet<MessageName> {
    return WAITING;
  }

  protected handleMessage({ name, ies }: Message, nowMs: number): void {
    switch (name) {
      case 'REGAUTH':
        this.handleChallenge(ies, nowMs);
        break;
      case 'REGACK':
        this.conclude(
          {
            type: 'registered',
            refreshS: ies.refreshS ?? DEFAULT_REFRESH_S,
            apparent: ies.apparentAddress === undefined ? undefined : formatAddress(ies.apparentAddress),
            messageCount: ies.messageCount,
          },
          nowMs,
        );
        break;
      case 'REGREJ':
        this.handleRefusal(ies, nowMs);
        break;
      default:
        break;
    }
  }

  protected handleSilence(nowMs: number): void {
    const where = formatAddress(this.reliable.remote);
    const seconds = Math.max(1, Math.round((nowMs - this.startedMs) / 1000));
    this.conclude({ type: 'silent', reason: `${where} did not answer within ${seconds} s.` }, nowMs);
  }

  protected handleInvalid(nowMs: number): void {
    const where = formatAddress(this.reliable.remote);
    this.conclude({ type: 'silent', reason: `${where} lost the registration half-way.` }, nowMs);
  }

  protected handleTimer(_timer: 'deadline', nowMs: number): void {
    this.handleSilence(nowMs);
  }

  private handleChallenge(ies: InformationElements, nowMs: number): void {
    if (this.hasAnsweredChallenge) return;
    this.hasAnsweredChallenge = true;
    const { credentials, username, refreshS, subclass } = this.request;
    const challenge = ies.challenge ?? new Uint8Array(0);
    const proof = proveIdentity(ies.authMethods ?? 0, challenge, credentials, this.around.crypto);
    if (proof === undefined) {
      const reason = `${formatAddress(this.reliable.remote)} asks for a secret or key that is not configured for it.`;
      this.conclude({ type: 'no-auth', reason }, nowMs);
      return;
    }
    this.sendIax(subclass, { username, refreshS, ...proof }, nowMs);
  }

  protected override handleRefusal(ies: InformationElements, nowMs: number): void {
    const where = formatAddress(this.reliable.remote);
    const said = [ies.cause, ies.causeCode === undefined ? undefined : `cause ${ies.causeCode}`]
      .filter((part) => part !== undefined && part !== '')
      .join(', ');
    const words = said === '' ? 'without a reason' : `(${said})`;
    const reason = `${where} refused to register ${this.request.username} ${words}: check user name and secret.`;
    this.conclude({ type: 'rejected', reason }, nowMs);
  }

  private conclude(outcome: RegistrationOutcome, nowMs: number): void {
    this.finish();
    this.request.report(outcome, nowMs);
  }
}
