import type { HatCommand } from '../firmware-bridge/hat-client.ts';
import type { SipOutput } from './appliance-sip.ts';
import type { Cause } from './base/causes.ts';
import type { Transmit } from './base/machine.ts';
import type { CallRecord } from './switch/call-record.ts';
import type { CallView } from './switch/call-register.ts';

/** What an appliance has to say to its sockets, its HAT, its disk and whoever watches. */
export type ApplianceOutput =
  | Transmit
  | { readonly type: 'hat'; readonly command: HatCommand }
  /** A host name to look up; the answer is `handleResolved`. */
  | { readonly type: 'resolve'; readonly host: string }
  /** A call began, moved or is over; `cause` is why it ends, from the moment it does. */
  | {
      readonly type: 'call';
      readonly change: 'started' | 'changed' | 'ended';
      readonly view: CallView;
      readonly cause: Cause | null;
      /** All that it was, with `ended`. */
      readonly record: CallRecord | null;
    }
  /** Something that status shows other than a call changed. */
  | { readonly type: 'status' }
  /** A peer registered here, moved or is gone: to be kept across restarts. */
  | { readonly type: 'bindings' }
  /** What was said in a conference, µ-law: a second of it, or less with `last`. */
  | { readonly type: 'recorded'; readonly conference: string; readonly payload: Uint8Array; readonly last: boolean }
  /** What the night key says, to be kept across restarts; null: nothing. */
  | { readonly type: 'night'; readonly override: boolean | null }
  /** Something was ordered at that telephone for the calls that come to it: to be kept across restarts. */
  | { readonly type: 'orders'; readonly telephone: string }
  /** Asked for on the keypad; a factory reset was confirmed. */
  | { readonly type: 'box'; readonly action: 'restart' | 'factory-reset' }
  | SipOutput
  | Happened;

/** Something that whoever watches from afar should know; it is in the log already. `what` is in kebab-case. */
export interface Happened {
  readonly type: 'happened';
  readonly kind: 'keypad' | 'line' | 'fault' | 'security' | 'emergency';
  readonly what: string;
  readonly severity: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** Something to tell whoever watches from afar. */
export function happened(
  kind: Happened['kind'],
  what: string,
  severity: Happened['severity'],
  message: string,
  details: Happened['details'],
): Happened {
  return { type: 'happened', kind, what, severity, message, details };
}
