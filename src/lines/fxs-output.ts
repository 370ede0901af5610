import type { Cause } from '../base/causes.ts';
import type { LineCommand } from '../base/line-port.ts';
import type { SignalStep } from '../base/line-signal.ts';
import type { TonePattern } from '../base/tone-pattern.ts';

/** The words of `status --json`, MQTT and the panel. */
export type LineState =
  | 'idle'
  | 'dial-tone'
  | 'dialling'
  | 'calling'
  | 'ringing'
  | 'talking'
  | 'held'
  | 'busy'
  | 'congestion'
  | 'howler'
  | 'lockout'
  | 'out-of-service';

export type FxsOutput =
  | { readonly type: 'line'; readonly command: LineCommand }
  | { readonly type: 'state'; readonly state: LineState }
  /** What the handset hears from now on; undefined = nothing of ours. Who is bridged to it says nothing here. */
  | { readonly type: 'hear'; readonly tone: TonePattern | undefined; readonly dbm0?: number }
  /** What the line hears in the place of everything else, once; no steps: nothing any more. */
  | { readonly type: 'signal'; readonly steps: readonly SignalStep[] }
  /** A number was dialled: a call begins, which stands until `hangup` or `release`. */
  | { readonly type: 'call'; readonly number: string }
  | { readonly type: 'ringing' }
  | { readonly type: 'answered' }
  /** The line has ended the call. */
  | { readonly type: 'hangup'; readonly cause: Cause; readonly reason: string }
  | { readonly type: 'digit'; readonly digit: string; readonly durationMs: number }
  | { readonly type: 'flash' }
  /** The handset has lain beside the phone until the line was parked. */
  | { readonly type: 'abandoned' };
