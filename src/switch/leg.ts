import type { Cause } from '../base/causes.ts';
import type { StreamId, VideoFormat, VoiceFormat } from '../base/media-port.ts';
import type { DialClass } from '../dialplan/numbering-plan.ts';

/**
 * One end of a call as the switch sees it, whatever it came by: IAX2, SIP, copper or a Local channel. `src/legs` makes
 * each protocol machine into one; `test/leg` is the contract as a suite that runs over every kind.
 *
 * Commands are legal in every state: what no longer makes sense (answering a leg that was hung up) does nothing. A leg
 * tells what happened by `LegEvent`s, never from inside a command. After `hangup`, from either side, it says nothing
 * more; the switch hears exactly one `hangup` event of every leg.
 */
export interface Leg {
  readonly id: LegId;
  readonly technology: Technology;
  /** What the leg is called in the dialplan: `LINE/1`, `IAX2/hq`, `SIP/211`. */
  readonly channel: string;
  /** Its audio in the media plane; may be patched before it is open. */
  readonly stream: StreamId;
  /** What its voice is coded with, where that can only be carried, to a leg of the same codec; else all can hear it. */
  readonly codec?: string | undefined;
  /** What its far end has beside G.711, as far as is known, of what can only be carried; absent or empty: nothing. */
  readonly voices?: readonly VoiceFormat[];
  /** What its voice is carried in, or is about to be; undefined: G.711. */
  readonly carried?: VoiceFormat | undefined;
  /** The pictures that its far end sends and shows, as far as is known, in its order; absent or empty: none. */
  readonly video?: readonly VideoFormat[];
  /** The dial string that rings it, where it is a telephone of this office; undefined for a far end elsewhere. */
  readonly telephone?: string | undefined;
  /** What whoever is at its far end may dial through here; undefined: everything. */
  readonly dialClass?: DialClass | undefined;
  /** How often the call that it makes has been forwarded already. */
  readonly forwards?: number | undefined;
  /** The telephones that have sent this call on, the first one first; absent: none. */
  readonly forwardedBy?: readonly string[];
  /** Its caller asks that whoever is called answers at once. */
  readonly wantsAutoAnswer?: boolean;

  /** Tells a caller how its call gets on. On a leg that was dialled, or answered, it does nothing. */
  indicate(progress: Indication, nowMs: number): void;
  /** Answers a caller. */
  answer(nowMs: number): void;
  /** Ends the leg for `cause`. */
  hangup(cause: Cause, nowMs: number): void;
  hold(nowMs: number): void;
  unhold(nowMs: number): void;
  /** Carries a digit to the far end: out of band where the protocol can, else in the audio. */
  sendDigit(digit: string, durationMs: number, nowMs: number): void;
  /** A hook flash of the other party. */
  flash(nowMs: number): void;
  sendText(text: string, nowMs: number): void;
  /** What the other party's leg said in its own technology. False: it cannot be said here. */
  passOn(signal: Signal, nowMs: number): boolean;
  /** It talks to that leg from now on and nothing here has to hear them: far ends of one technology may do so directly. */
  meet(other: Leg, nowMs: number): void;
  /** A telephone that talks: another call waits for it, or does so no longer. Absent where nobody can be told. */
  announceWaiting?(caller: Party | undefined, nowMs: number): void;
  /** What pictures the other party has: what its own far end is told when it is answered, or anew. Absent: it has none. */
  see?(video: readonly VideoFormat[], nowMs: number): void;
  /** The other party's voice is carried in that from now on; undefined, or what its far end has not: G.711. Absent: it cannot change. */
  carry?(format: VoiceFormat | undefined, nowMs: number): void;
  /** The other party wants a whole picture. */
  requestPicture?(nowMs: number): void;
  /** What came of the `transfer` that it asked for; `failure` undefined: it is done, and `hangup` follows. */
  reportTransfer(failure: Cause | undefined, nowMs: number): void;
}

export type LegId = string;

export type Technology = 'iax2' | 'sip' | 'line' | 'local';

/** `busy` and `congestion` are tones or messages that the caller gets while the leg still stands. */
export type Indication = 'proceeding' | 'ringing' | 'progress' | 'busy' | 'congestion';

export type LegEvent =
  /** A leg we dialled: the far end has the call and works on it. */
  | { readonly type: 'proceeding' }
  | { readonly type: 'ringing' }
  /** Early media: what comes now is to be heard. */
  | { readonly type: 'progress' }
  | { readonly type: 'answered' }
  /** Over, by the far end or by failure. The leg's own `hangup` command gives it, too. */
  | { readonly type: 'hangup'; readonly cause: Cause; readonly reason: string }
  | { readonly type: 'digit'; readonly digit: string; readonly durationMs: number }
  | { readonly type: 'hold' }
  | { readonly type: 'unhold' }
  | { readonly type: 'flash' }
  | { readonly type: 'text'; readonly text: string }
  /** What its voice is coded with has changed, or its far end would not change it. */
  | { readonly type: 'codec' }
  /** The far end wants a whole picture: it has just begun to look, or lost some of what came. */
  | { readonly type: 'picture-wanted' }
  | { readonly type: 'signal'; readonly signal: Signal }
  /**
   * Blind transfer: the far end wants the party that it talks to connected to that number of our dialplan, and itself let
   * go. The leg has seen to it that the far end may enter this context.
   */
  | { readonly type: 'transfer'; readonly context: string; readonly number: string }
  /**
   * A leg we dialled: whoever is called is elsewhere, at the first of these numbers of our dialplan that there is. `by`: its
   * own number, where it has one. The leg itself goes on to its `hangup`.
   */
  | {
      readonly type: 'forward';
      readonly context: string;
      readonly numbers: readonly string[];
      readonly by: string | undefined;
    }
  /** Attended transfer: its party is to be connected with that of another leg of the same far end, and both legs let go. */
  | { readonly type: 'transfer-to-leg'; readonly other: LegId };

/**
 * Something that one technology says and the switch has no word for: the key of a radio, a connected line. It is carried
 * untouched from leg to leg of that technology.
 */
export interface Signal {
  readonly technology: Technology;
  /** What sort of thing it is there, as the technology calls it. */
  readonly kind: string;
  readonly code: number;
  readonly payload: Uint8Array;
  /** What its sender is told where it cannot be carried, if anything. */
  readonly refusal?: Signal;
}

/** Who calls, as far as it is known and may be shown. */
export interface Party {
  readonly number: string;
  readonly name: string;
  /** The caller does not want to be shown. */
  readonly isWithheld?: boolean;
  /** Presentation and screening of the number; 0 = allowed, 0x20 = restricted, 0x43 = unavailable. [Q.931 §4.5.10] */
  readonly presentation?: number;
  /** Type of number and numbering plan; 0 = unknown, 0x10 international, 0x20 national. [Q.931 §4.5.10] */
  readonly typeOfNumber?: number;
  /** What CALLINGTNS carries. [RFC5456 §8.6.31] */
  readonly transitNetwork?: number;
  /** ANI II digits: what kind of line calls. */
  readonly ani2?: number;
  /** Who forwarded the call last. */
  readonly redirecting?: string;
}

/** Whether a presentation says that the number must not be shown. [Q.931 §4.5.10] */
export function isRestricted(presentation = 0): boolean {
  return (presentation & 0x60) === 0x20;
}

/** Where a party enters the dialplan. */
export interface Place {
  readonly context: string;
  readonly number: string;
}

/** A call that came in: where it enters the dialplan and what it asked for. */
export interface IncomingCall extends Place {
  readonly leg: Leg;
  readonly caller: Party;
  /** A leg of the same far end whose place it takes, in the middle of its call. */
  readonly replaces?: LegId;
}

/** Whom to call. */
export interface Target {
  readonly technology: Technology;
  /** What stands behind the technology's slash: `hq/7123`, `1`, `211`. */
  readonly resource: string;
}

/** What `Dial` asks of a technology. */
export interface DialRequest extends Target {
  readonly caller: Party;
  readonly stream: StreamId;
  /** The caller's, see `Leg`. */
  readonly codec?: string;
  /** The caller's, see `Leg`: whoever is called may be talked to in one of these; absent or empty: in G.711 only. */
  readonly voices?: readonly VoiceFormat[];
  /** The caller's pictures; absent or empty: the call is one of voice alone. */
  readonly video?: readonly VideoFormat[];
  /** Of the caller's leg, see `Leg`. */
  readonly telephone?: string;
  readonly wantsAutoAnswer?: boolean;
  /** Of the caller's leg, with who sends it on now. */
  readonly forwardedBy?: readonly string[];
  /** What the call may dial: of a Local channel, where the number behind it is dialled. */
  readonly dialClass?: DialClass;
  /** Of a Local channel: how often the call has been forwarded, this time included. */
  readonly forwards?: number;
  /** An emergency call: no limit holds for it. `insist` ends the call that a town line is busy with, and goes to
   * a trunk that is taken for dead. */
  readonly emergency?: { readonly insist: boolean };
}

/**
 * Makes outgoing legs, one per technology, handed to the switch. Gives the new leg, or why there can be none: a peer
 * known to be dead fails here at once, so that the next priority runs without delay.
 */
export interface LegDialler {
  dial(request: DialRequest, nowMs: number): Leg | DialFailure;
}

export interface DialFailure {
  readonly failed: Cause;
  readonly reason: string;
}

/** What the configuration lets `LINE/1`, `SIP/211`, `IAX2/hq` dial; undefined: everything. */
export type DialClassOf = (channel: string) => DialClass | undefined;

/** The dial string of the telephone that is called there, if it is one: LINE/1r2 is LINE/1, rung in another way. */
export function telephoneAt({ technology, resource }: Target): string {
  return `${technology.toUpperCase()}/${resource.replace(/(?<=^\d+)r\d$/, '')}`;
}

/** `LINE/4/112` as a dialler takes it. */
export function targetOf(dialString: string): Target {
  const slash = dialString.indexOf('/');
  const name = dialString.slice(0, slash).toLowerCase();
  const technology = name === 'pjsip' ? 'sip' : (name as Technology);
  return { technology, resource: dialString.slice(slash + 1) };
}
