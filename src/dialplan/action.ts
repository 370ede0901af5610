import type { Cause, DialStatus } from '../base/causes.ts';
import type { TonePattern } from '../base/tone-pattern.ts';
import type { DialTarget } from './dial-target.ts';

/** Options of Dial by letter, each with its argument, empty if it has none. */
export type DialOptions = ReadonlyMap<string, string>;

/** What the dialplan has the switch do: one application, its arguments expanded and read. */
export type Action =
  /** No targets: CHANUNAVAIL, cause 1. A target that could not be read is in `refused`, its secret masked. */
  | {
      readonly type: 'dial';
      readonly targets: readonly DialTarget[];
      readonly refused: readonly string[];
      /** Undefined: as long as it takes. */
      readonly timeoutMs?: number;
      readonly options: DialOptions;
      readonly url?: string;
    }
  | { readonly type: 'answer'; readonly delayMs?: number }
  | { readonly type: 'hangup'; readonly cause?: Cause }
  | { readonly type: 'echo' }
  | { readonly type: 'milliwatt' }
  /** Text of a tone is a pattern, or the name of one of the country's tones: `busy`, `dial`. */
  | { readonly type: 'playtones'; readonly tone: TonePattern | string }
  | { readonly type: 'stop-playtones' }
  /** Without a timeout until the caller hangs up. */
  | { readonly type: 'busy'; readonly timeoutMs?: number }
  | { readonly type: 'congestion'; readonly timeoutMs?: number }
  | { readonly type: 'ringing' }
  | { readonly type: 'progress' }
  | { readonly type: 'proceeding' }
  | { readonly type: 'wait'; readonly ms: number }
  /**
   * Collects digits of an extension in the execution's context, `prefix` being dialled already, and gives them all,
   * prefix included, in `digits`; empty if nothing came in time. `firstMs` and `interDigitMs` are the two times to wait.
   */
  | { readonly type: 'collect'; readonly prefix: string; readonly firstMs: number; readonly interDigitMs: number }
  | {
      readonly type: 'read';
      /** Gets the digits; empty: they are asked for and forgotten. */
      readonly variable: string;
      readonly prompts: readonly string[];
      /** 0: no limit, `#` ends. */
      readonly maxDigits: number;
      readonly options: string;
      readonly attempts: number;
      readonly timeoutMs?: number;
    }
  /** `w` in the digits is half a second's pause. */
  | { readonly type: 'send-dtmf'; readonly digits: string; readonly gapMs: number; readonly durationMs: number }
  | { readonly type: 'send-text'; readonly text: string }
  | { readonly type: 'playback'; readonly files: readonly string[]; readonly options: string }
  /** A digit that is the beginning of an extension ends it, and comes back in `digits`. */
  | {
      readonly type: 'background';
      readonly files: readonly string[];
      readonly options: string;
      readonly context?: string;
    }
  | { readonly type: 'music-on-hold'; readonly className: string; readonly ms?: number }
  /** `profiles` are names of confbridge.conf, `options` the letters of MeetMe, `pin` what is entered for the caller. */
  | {
      readonly type: 'conference';
      readonly room: string;
      readonly profiles: readonly string[];
      readonly options: string;
      readonly pin?: string;
    }
  /** Extensions or `number@context`; empty: any call of the caller's own group. */
  | { readonly type: 'pickup'; readonly targets: readonly string[] }
  | { readonly type: 'park'; readonly lot: string; readonly options: string }
  | { readonly type: 'parked-call'; readonly space: string }
  /** At the caller's telephone; `on` absent: the other way round. */
  | { readonly type: 'do-not-disturb'; readonly on?: boolean }
  /** Of the caller's telephone; null: its calls go nowhere else in that case. */
  | { readonly type: 'call-forward'; readonly when: 'always' | 'busy' | 'noAnswer'; readonly number: string | null }
  | { readonly type: 'voicemail'; readonly mailboxes: readonly string[]; readonly options: string }
  | { readonly type: 'transfer'; readonly destination: string }
  /** Whether a number exists at the other end of a `switch =>`; answered with `exists`. */
  | { readonly type: 'remote-lookup'; readonly peer: DialTarget; readonly number: string }
  /** An application that Asterisk has and nobody here has typed yet. */
  | { readonly type: 'other'; readonly application: string; readonly args: readonly string[] };

/** What came of an action; what does not apply is left out. */
export interface ActionResult {
  readonly dialStatus?: DialStatus;
  /** Of a Dial or anything else that failed or ended: HANGUPCAUSE. */
  readonly cause?: Cause;
  readonly digits?: string;
  /** Of `remote-lookup`. */
  readonly exists?: boolean;
  /** Of a Dial that was answered, in seconds: DIALEDTIME counts from dialling, ANSWEREDTIME from the answer. */
  readonly dialedTimeS?: number;
  readonly answeredTimeS?: number;
  /** Whom the caller spoke to: DIALEDPEERNAME, DIALEDPEERNUMBER. */
  readonly peerChannel?: string;
  readonly peerNumber?: string;
  /** Variables that the application sets: PICKUPRESULT, PARKEDAT. */
  readonly variables?: Readonly<Record<string, string>>;
}
