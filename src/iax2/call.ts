import type { Cause } from '../base/causes.ts';
import type { StreamId } from '../base/media-port.ts';
import type { FormatName } from './media-format.ts';
import type { CallerId } from './peer.ts';
import type { FarReport } from './quality-report.ts';

/**
 * One call leg as its owner sees it. Commands are legal in every state; one that makes no sense any more does nothing.
 * What happens comes as `CallEvent` from the endpoint's `poll()`, never from inside a command. Every call gives exactly
 * one `hangup` event, also after its own `hangup` command, and says nothing more after it.
 */
export interface Call {
  /** Unique in a run of the endpoint; for logs and maps. */
  readonly id: number;
  readonly direction: 'outgoing' | 'incoming';
  /** The peer it goes to or came from; the host as dialled where no peer of that name is configured. */
  readonly peer: string;
  readonly stream: StreamId;
  readonly state: CallState;
  /** The agreed codec as a format bit, 4 = µ-law, 8 = A-law; 0 before the call is accepted. */
  readonly format: number;
  /** Format bits of the pictures that both ends can show, H.264 = 0x200000; empty before the call is accepted, or if there are none. */
  readonly videoFormats: readonly number[];

  /** What the far end has said last of the voice that it receives; undefined before, or where it says nothing. */
  readonly farReport: FarReport | undefined;

  /** Incoming: agrees to the call (ACCEPT with the codec). The verbs below do it themselves where it is missing. */
  accept(nowMs: number): void;
  /** Incoming: refuses the call: REJECT before it was accepted, else HANGUP. */
  reject(cause: Cause, nowMs: number): void;
  proceeding(nowMs: number): void;
  ringing(nowMs: number): void;
  /** Early media: the caller should listen from now on. */
  progress(nowMs: number): void;
  answer(nowMs: number): void;
  busy(nowMs: number): void;
  congestion(nowMs: number): void;
  hangup(cause: Cause, nowMs: number, text?: string): void;
  /** Sends DTMF_BEGIN, and DTMF_END after `durationMs`; digits that overlap are sent one after the other. */
  sendDigit(digit: string, durationMs: number, nowMs: number): void;
  beginDigit(digit: string, nowMs: number): void;
  endDigit(digit: string, nowMs: number): void;
  hold(nowMs: number, musicClass?: string): void;
  unhold(nowMs: number): void;
  flash(nowMs: number): void;
  sendText(text: string, nowMs: number): void;
  /** Any other control frame that two switches pass on untouched: RADIO_KEY, OPTION, CONNECTED_LINE, … */
  sendControl(subclass: number, payload: Uint8Array, nowMs: number): void;
  /** An HTML frame: URL, LINKURL, … [RFC5456 §8.5] */
  sendHtml(subclass: number, payload: Uint8Array, nowMs: number): void;
  sendImage(format: number, payload: Uint8Array, nowMs: number): void;
  /** No voice comes for a while; `level` in −dBov is what the far end may fill it with. */
  sendComfortNoise(level: number, nowMs: number): void;
  /** Asks the far end to stop (resume) sending voice. [RFC5456 §6.4.4] [RFC5456 §6.4.5] */
  quelch(on: boolean, nowMs: number): void;
  /** Asks the far end to take the call to another number of its dialplan. [RFC5456 §6.4.6] */
  transferTo(number: string, context: string | undefined, nowMs: number): void;
  /** Outgoing, placed to the number `TBD` and accepted: calls this number now, after the far end was asked about it. [RFC5456 §6.8.3] */
  dial(number: string, nowMs: number): void;
  /**
   * Two answered calls of ours talk to each other: their far ends may go on directly if the `transfer` of both peers
   * allows it. In mode `full` both calls then end, each with its `hangup`. [RFC5456 §6.5]
   */
  bringTogether(other: Call, nowMs: number): void;
}

/**
 * Outgoing: resolving → calling → authenticating → accepted → up. Incoming: challenged → offered → accepted → up.
 * Both end: ending (our HANGUP is on its way) → gone.
 */
export type CallState =
  /** The host's name is being looked up. */
  | 'resolving'
  /** NEW sent. */
  | 'calling'
  /** AUTHREP sent. */
  | 'authenticating'
  /** AUTHREQ sent. */
  | 'challenged'
  /** The owner has the incoming call and has not accepted it. */
  | 'offered'
  /** ACCEPT sent or received: control frames and voice are legal. */
  | 'accepted'
  /** Answered. */
  | 'up'
  | 'ending'
  | 'gone';

export type CallEvent =
  | { readonly type: 'incoming'; readonly request: CallRequest }
  /** The far end agreed to the call and chose a codec. */
  | { readonly type: 'accepted'; readonly format: number }
  | { readonly type: 'proceeding' }
  | { readonly type: 'ringing' }
  | { readonly type: 'progress' }
  | { readonly type: 'answered' }
  /** The far end is busy or congested and may play its own tone; the call stands until somebody hangs up. */
  | { readonly type: 'busy' }
  | { readonly type: 'congestion' }
  | { readonly type: 'hangup'; readonly cause: Cause; readonly reason: string; readonly by: HangupBy }
  | { readonly type: 'digit-begin'; readonly digit: string }
  | { readonly type: 'digit'; readonly digit: string; readonly durationMs: number }
  | { readonly type: 'hold'; readonly musicClass: string }
  | { readonly type: 'unhold' }
  | { readonly type: 'flash' }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'quelch' }
  | { readonly type: 'unquelch' }
  | { readonly type: 'html'; readonly subclass: number; readonly payload: Uint8Array }
  /** One picture; `format` is a format bit, 0x10000 = JPEG. [RFC5456 §6.10.5] */
  | { readonly type: 'image'; readonly format: number; readonly payload: Uint8Array }
  /** Silence, with noise of this level in −dBov to be heard. [RFC5456 §6.10.7] */
  | { readonly type: 'comfort-noise'; readonly level: number }
  /** A control frame that the endpoint gives no meaning of its own (RADIO_KEY, CONNECTED_LINE, …). */
  | { readonly type: 'control'; readonly subclass: number; readonly payload: Uint8Array }
  /** The far end asks for its party to be connected elsewhere, in a context that it may call into. [RFC5456 §6.4.6] */
  | { readonly type: 'transfer'; readonly number: string; readonly context: string };

/** Who ended a call: timeout = the far end fell silent. */
export type HangupBy = 'far-end' | 'timeout' | 'local';

/** What an incoming call asks for. */
export interface CallRequest {
  readonly number: string;
  readonly context: string;
  readonly peer: string;
  readonly caller: CallerId;
  /** DNID and RDNIS where the caller sent them. */
  readonly dialledNumber: string | null;
  readonly redirectingNumber: string | null;
  readonly language: string | null;
  readonly autoAnswer: boolean;
  /** IAXVAR variables that came with the call. */
  readonly variables: ReadonlyMap<string, string>;
}

/** What `placeCall` needs; `IAX2/[user[:secret]@]peer-or-host/number[@context]`. */
export interface PlaceCall {
  /** A configured peer's name, else a host name or IP literal, with `:port` if need be. */
  readonly peer: string;
  readonly username?: string;
  readonly secret?: string;
  readonly number: string;
  readonly context?: string;
  readonly caller: CallerId;
  /** Codec names in order of preference; the peer's if absent. */
  readonly codecs?: readonly FormatName[];
  /** Leaves of those codecs the ones with which the call can be joined to another; if none is left, the call fails. */
  readonly fits?: (codec: FormatName) => boolean;
  readonly stream: StreamId;
  readonly variables?: ReadonlyMap<string, string>;
  readonly autoAnswer?: boolean;
  /** Goes out however many calls the peer has. */
  readonly emergency?: boolean;
  /** Is sent, too, where qualify says that the peer is dead, or DNS that there is none. */
  readonly insist?: boolean;
}

/** Why there can be no call; known at once. */
export interface CallFailure {
  readonly failed: Cause;
  readonly reason: string;
}
