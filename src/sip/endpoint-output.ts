import type { Binding } from './binding.ts';
import type { Call, CallEvent } from './call.ts';
import type { DigestSecret } from './digest.ts';
import type { Hop, SipTransmit, Transport } from './hop.ts';
import type { Reachability } from './qualify.ts';
import type { RegistrationStatus } from './registrant.ts';

/** What an endpoint gives from `poll()`: messages to send, and what happened. */
export type EndpointOutput =
  | SipTransmit
  /** A stream that nobody can read any more is to be closed. */
  | { readonly type: 'close'; readonly connection: number }
  /** Whoever opened a stream has proven who he is, or comes from where a trunk is. */
  | { readonly type: 'proven'; readonly connection: number }
  | { readonly type: 'call'; readonly call: Call; readonly event: CallEvent }
  /** Our registration at a trunk changed. */
  | { readonly type: 'registration'; readonly trunk: string; readonly status: RegistrationStatus }
  /** Other messages wait in a mailbox at a trunk than before. */
  | { readonly type: 'messages'; readonly trunk: string }
  /** A phone came, moved or went: all its bindings. */
  | { readonly type: 'bindings'; readonly user: string; readonly bindings: readonly Binding[] }
  /** Qualify found the trunk or lost it. */
  | ({ readonly type: 'trunk-state'; readonly trunk: string } & Reachability)
  /** A host to look up, NAPTR, SRV and all; the answer is `handleResolved(output, hops, nowMs)`. */
  | {
      readonly type: 'resolve';
      readonly host: string;
      /** As the configuration has it: without one SRV records tell. */
      readonly port: number | undefined;
      /** As the configuration has it: without one NAPTR or SRV records tell. */
      readonly transport: Transport | undefined;
    }
  /** A phone that is registered answers, or does so no more. */
  | ({ readonly type: 'phone-state'; readonly user: string; readonly contact: string } & Reachability)
  /** Adopt mode let a phone in, and is closed: what it proves itself with, to be kept and configured. */
  | { readonly type: 'adopted'; readonly user: string; readonly secret: DigestSecret; readonly from: Hop }
  /** Nobody came. */
  | { readonly type: 'adoption-expired' }
  /** Somebody failed to prove who he is, was locked out, sends too much, or looks for a way in. */
  | {
      readonly type: 'security';
      readonly event: 'auth-failed' | 'locked-out' | 'flood' | 'flood-of-many' | 'scanner';
      readonly from: Hop;
      readonly username: string;
    };
