import type { Cause } from '../base/causes.ts';
import type { Address } from '../base/machine.ts';
import type { StreamId, VideoFormat, VoiceFormat } from '../base/media-port.ts';
import type { CallerId } from './caller-identity.ts';
import type { MediaAgreement } from './offer-answer.ts';

/**
 * One call leg as its owner sees it. Commands are legal in every state; one that makes no sense any more does nothing.
 * What happens comes as `CallEvent` from the endpoint's `poll()`, never from inside a command. Every call gives exactly
 * one `hangup` event, also after its own `hangup` command, and says nothing more after it.
 */
export interface Call {
  /** Unique in a run of the endpoint; for logs and maps. */
  readonly id: number;
  readonly direction: 'outgoing' | 'incoming';
  /** The phone's user or the trunk's name. */
  readonly peer: string;
  readonly stream: StreamId;
  readonly state: CallState;
  /** Where its messages come from; undefined before anything came. */
  readonly signallingIp: string | undefined;
  /** What both sides agreed on; undefined before. */
  readonly media: MediaAgreement | undefined;
  /** The picture that was agreed on; before, or where there is none, those that the far end has named. */
  readonly video: readonly VideoFormat[];
  /** What its far end has beside G.711, as far as it has said, of what can only be carried; in its order. */
  readonly voices: readonly VoiceFormat[];
  /** What its voice is carried in, or is to be as soon as the far end agrees; undefined: G.711. */
  readonly carried: VoiceFormat | undefined;
  /** The one that can be carried to it, where its far end has no G.711. */
  readonly onlyVoice: VoiceFormat | undefined;

  /** Incoming: 180. */
  ringing(nowMs: number): void;
  /** Incoming: 183 with our answer, so that the caller hears what we play. */
  progress(nowMs: number): void;
  answer(nowMs: number): void;
  /** Ends the call: CANCEL, a refusal for `cause`, or BYE. */
  hangup(cause: Cause, nowMs: number): void;
  hold(nowMs: number): void;
  unhold(nowMs: number): void;
  /** By INFO. Where both sides agreed on telephone-event, digits are the media plane's. */
  sendDigit(digit: string, durationMs: number, nowMs: number): void;
  flash(nowMs: number): void;
  /** What pictures the other party has: the answer has the one that suits both, and a call that is up is offered it anew. */
  see(video: readonly VideoFormat[], nowMs: number): void;
  /**
   * The voice is in that from now on, undefined or what the far end has not: in G.711. A caller is answered so, a call that
   * is up is offered it anew.
   */
  carry(format: VoiceFormat | undefined, nowMs: number): void;
  /** Asks for a whole picture by INFO, of a far end that takes no feedback by RTCP. [RFC5168] */
  requestPicture(nowMs: number): void;
  sendText(text: string, nowMs: number): void;
  /** Asks the far end to call somebody else and leave us: REFER. How that goes comes as events. [RFC3515] */
  transferTo(number: string, nowMs: number): void;
  /** Says how the transfer goes that the far end asked for: 100, 180, 200, 486, … */
  reportTransfer(status: number, nowMs: number): void;
}

export type CallState =
  /** Outgoing: the address is being looked up. */
  | 'resolving'
  /** Outgoing: INVITE sent. Incoming: our owner has it. */
  | 'calling'
  /** A provisional response went or came. */
  | 'early'
  | 'up'
  /** Over for the owner; the far end is being told. */
  | 'ending'
  | 'gone';

export type CallEvent =
  | { readonly type: 'incoming'; readonly request: CallRequest }
  | { readonly type: 'proceeding' }
  | { readonly type: 'ringing' }
  /** Early media: what comes now is to be heard. */
  | { readonly type: 'progress' }
  | { readonly type: 'answered' }
  /** A call that was placed: whoever is called is at one of these numbers, the most wanted first; `hangup` follows. */
  | { readonly type: 'redirected'; readonly numbers: readonly string[] }
  /** What both sides agreed on has changed. */
  | { readonly type: 'media'; readonly agreement: MediaAgreement }
  /** What the voice is coded with has changed, or the far end would not change it. */
  | { readonly type: 'codec' }
  | {
      readonly type: 'hangup';
      readonly cause: Cause;
      readonly reason: string;
      readonly by: HangupBy;
      /** Of a call that was placed: the final response that refused it. */
      readonly status?: number;
    }
  | { readonly type: 'digit'; readonly digit: string; readonly durationMs: number }
  | { readonly type: 'flash' }
  /** It wants a whole picture, and says so by INFO. [RFC5168] */
  | { readonly type: 'picture-wanted' }
  | { readonly type: 'hold' }
  | { readonly type: 'unhold' }
  | { readonly type: 'text'; readonly text: string }
  /** The far end wants its party connected elsewhere; the answer is `reportTransfer`. */
  | { readonly type: 'transfer'; readonly number: string; readonly host: string }
  /** The far end wants its party connected with that of another call of its own, and both let go; the answer is the same. */
  | { readonly type: 'transfer-to-call'; readonly other: Call }
  /** How the transfer goes that we asked for; 0: it was refused or nobody knows. */
  | { readonly type: 'transfer-progress'; readonly status: number };

/** Who ended a call: timeout = the far end fell silent. */
export type HangupBy = 'far-end' | 'timeout' | 'local';

/** What an incoming call asks for. */
export interface CallRequest {
  readonly number: string;
  readonly context: string;
  readonly peer: string;
  readonly caller: CallerId;
  /** Who forwarded the call, where that is said (Diversion). */
  readonly redirectingNumber: string | null;
  /** The call whose place it is to take; it is answered at once, or refused. [RFC3891] */
  readonly replaces?: Call;
}

/** What `placeCall` needs. */
export interface PlaceCall {
  /** A phone's user, or a trunk's name. */
  readonly peer: string;
  /** At a trunk; a phone is called by its binding. */
  readonly number: string;
  readonly caller: CallerId;
  readonly stream: StreamId;
  /** Where our RTP of this call is. */
  readonly media: Address;
  /** What the other party has beside G.711: the call is offered with those that the peer may have; none if absent. */
  readonly voices?: readonly VoiceFormat[];
  /** The other party has no G.711. */
  readonly isBound?: boolean;
  /** The other party's pictures: the call is offered with those that the peer may have; none if absent. */
  readonly video?: readonly VideoFormat[];
  /** Of a phone with several contacts: which of them, as its binding has it. All of them ring if absent. */
  readonly contact?: string;
  /** Goes out however many calls the peer has. */
  readonly emergency?: boolean;
  /** Is sent, too, where OPTIONS say that the trunk is dead. */
  readonly insist?: boolean;
  /** A phone is asked to answer by itself. */
  readonly autoAnswer?: boolean;
}

/** Why there can be no call; known at once. */
export interface CallFailure {
  readonly failed: Cause;
  readonly reason: string;
}
