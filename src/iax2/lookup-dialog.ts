import { causeOfQ850, causeText, q850Of } from '../base/causes.ts';
import { formatAddress } from '../base/machine.ts';
import { type Credentials, proveIdentity } from './authentication.ts';
import { Dialog, type Surroundings } from './dialog.ts';
import { DPSTATUS, type InformationElements } from './information-element.ts';
import type { Message, MessageName } from './message.ts';
import { CALL_SCHEDULE, Opening } from './opening.ts';
import type { Reliable } from './reliable.ts';
import type { LookupAnswer } from './remote-dialplan.ts';
import { IAX_SUBCLASS } from './subclass.ts';

/** CALLED_NUMBER of a call that only asks. [RFC5456 §6.8] */
export const TO_BE_DETERMINED = 'TBD';
const PROTOCOL_VERSION = 2;
/** Every format: no media will flow. */
const ALL_FORMATS = 0xffffn;
const SETUP_MS = 10_000;
/** Asterisk hangs up a lookup call that is idle for 30 s; we are done with it before. */
const IDLE_MS = 25_000;
/** DPREP without REFRESH. */
const DEFAULT_REFRESH_S = 600;

const LEGAL: ReadonlySet<MessageName> = new Set([
  'AUTHREQ',
  'ACCEPT',
  'REJECT',
  'HANGUP',
  'DPREP',
  'PONG',
  'LAGRP',
  'UNSUPPORT',
]);

export interface LookupDialogOptions {
  readonly context: string | undefined;
  readonly username: string | undefined;
  readonly credentials: Credentials;
  readonly answered: (number: string, answer: LookupAnswer, refreshS: number, nowMs: number) => void;
  /** The far end cannot be asked, or not any more. */
  readonly ended: (reason: string, nowMs: number) => void;
}

/** A call to a peer on which we ask what its dialplan has: NEW to "TBD", then DPREQ for each number. [RFC5456 §6.8] */
export class LookupDialog extends Dialog<'setup' | 'idle'> {
  private isAccepted = false;
  private isLeaving = false;
  private readonly waiting: string[] = [];

  constructor(
    around: Surroundings,
    reliable: Reliable,
    private readonly options: LookupDialogOptions,
    nowMs: number,
  ) {
    super(around, reliable, nowMs);
    this.opening = new Opening(reliable, IAX_SUBCLASS.NEW, this.newElements(), CALL_SCHEDULE);
    this.timers.set('setup', nowMs + SETUP_MS);
    this.opening.start(nowMs);
  }

  ask(number: string, nowMs: number): void {
    if (!this.isAccepted) this.waiting.push(number);
    else {
      this.timers.set('idle', nowMs + IDLE_MS);
      this.sendIax(IAX_SUBCLASS.DPREQ, { calledNumber: number }, nowMs);
    }
    this.around.changed(this, nowMs);
  }

  protected legalMessages(): ReadonlySet<MessageName> {
    return LEGAL;
  }

  protected handleMessage({ name, ies }: Message, nowMs: number): void {
    switch (name) {
      case 'AUTHREQ':
        this.handleChallenge(ies, nowMs);
        break;
      case 'ACCEPT':
        this.isAccepted = true;
        this.timers.clear('setup');
        this.timers.set('idle', nowMs + IDLE_MS);
        for (const number of this.waiting.splice(0)) this.ask(number, nowMs);
        break;
      case 'DPREP':
        this.handleAnswer(ies, nowMs);
        break;
      case 'REJECT':
      case 'HANGUP':
        this.handleRefusal(ies, nowMs);
        break;
      default:
        break;
    }
  }

  protected override handleSettled(_nowMs: number): void {
    if (this.isLeaving) this.finish();
  }

  protected handleSilence(nowMs: number): void {
    this.end(`${formatAddress(this.reliable.remote)} does not answer.`, nowMs);
  }

  protected handleInvalid(nowMs: number): void {
    this.end(`${formatAddress(this.reliable.remote)} knows nothing of this lookup.`, nowMs);
  }

  protected handleTimer(timer: 'setup' | 'idle', nowMs: number): void {
    const reason = timer === 'setup' ? 'The lookup was not accepted in time.' : '';
    this.leave('normal-clearing', reason, nowMs);
  }

  private handleChallenge(ies: InformationElements, nowMs: number): void {
    const challenge = ies.challenge ?? new Uint8Array(0);
    const proof = proveIdentity(ies.authMethods ?? 0, challenge, this.options.credentials, this.around.crypto);
    if (proof !== undefined) this.sendIax(IAX_SUBCLASS.AUTHREP, proof, nowMs);
    else this.leave('facility-not-subscribed', 'The peer asks for a secret or key that is not configured.', nowMs);
  }

  private handleAnswer(ies: InformationElements, nowMs: number): void {
    const bits = ies.dialplanStatus ?? DPSTATUS.NONEXISTENT;
    const status =
      (bits & DPSTATUS.EXISTS) !== 0 ? 'exists' : (bits & DPSTATUS.CANEXIST) !== 0 ? 'can-exist' : 'non-existent';
    const answer: LookupAnswer = {
      status,
      matchMore: (bits & DPSTATUS.MATCHMORE) !== 0,
      ignorePattern: (bits & DPSTATUS.IGNOREPAT) !== 0,
    };
    this.options.answered(ies.calledNumber ?? '', answer, ies.refreshS ?? DEFAULT_REFRESH_S, nowMs);
  }

  protected override handleRefusal(ies: InformationElements, nowMs: number): void {
    const cause = ies.causeCode === undefined ? 'call-rejected' : causeOfQ850(ies.causeCode);
    this.end(`The peer refused the lookup: ${ies.cause ?? causeText(cause)}.`, nowMs);
  }

  private leave(cause: 'normal-clearing' | 'facility-not-subscribed', reason: string, nowMs: number): void {
    this.timers.clearAll();
    this.isLeaving = true;
    if (reason !== '') this.options.ended(reason, nowMs);
    if (this.reliable.remoteCall === 0) this.finish();
    else this.sendIax(IAX_SUBCLASS.HANGUP, { cause: causeText(cause), causeCode: q850Of(cause) }, nowMs);
  }

  private end(reason: string, nowMs: number): void {
    this.finish();
    this.options.ended(reason, nowMs);
  }

  /** Whether numbers can still be asked on this call. */
  get isOpen(): boolean {
    return !this.isGone && !this.isLeaving;
  }

  private newElements(): InformationElements {
    const { context, username } = this.options;
    return {
      version: PROTOCOL_VERSION,
      calledNumber: TO_BE_DETERMINED,
      ...(context === undefined ? {} : { calledContext: context }),
      ...(username === undefined ? {} : { username }),
      format: ALL_FORMATS,
      capability: ALL_FORMATS,
    };
  }
}
