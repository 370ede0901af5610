import type { Address, Transmit } from '../base/machine.ts';
import type { Call, CallEvent } from './call.ts';
import type { Binding, RegistrationStatus } from './peer.ts';

/** What an endpoint gives from `poll()`: datagrams to send, and what happened. */
export type EndpointOutput =
  | Transmit
  | { readonly type: 'call'; readonly call: Call; readonly event: CallEvent }
  /** Our registration at `peer` changed. `apparentChanged`: the peer sees us at another address than before. */
  | {
      readonly type: 'registration';
      readonly peer: string;
      readonly status: RegistrationStatus;
      readonly apparentChanged: boolean;
    }
  /** Qualify found the peer reachable or lost it. */
  | {
      readonly type: 'peer-state';
      readonly peer: string;
      readonly reachable: boolean;
      readonly rttMs: number | null;
      readonly reason: string | null;
    }
  /** A dynamic peer registered, moved, or is gone (`binding` null). */
  | { readonly type: 'binding'; readonly peer: string; readonly binding: Binding | null }
  /** A host name to look up; the answer is `handleResolved(host, addresses, nowMs)`. */
  | { readonly type: 'resolve'; readonly host: string; readonly purpose: 'registration' | 'call' | 'qualify' }
  /** Somebody failed to prove who he is, or was locked out. */
  | {
      readonly type: 'security';
      readonly event: 'auth-failed' | 'locked-out' | 'acl-denied';
      readonly from: Address;
      readonly username: string;
      readonly reason: string;
    }
  /** A peer asks whether a number exists here (DPREQ); the answer is `answerLookup`. [RFC5456 §6.8] */
  | {
      readonly type: 'lookup-request';
      readonly id: number;
      readonly peer: string;
      readonly context: string;
      readonly number: string;
    }
  /** The answer to our own `lookup`. */
  | { readonly type: 'lookup'; readonly id: number; readonly result: LookupResult };

/** What a remote dialplan says about a number. [RFC5456 §8.6.19] */
export type LookupResult =
  | {
      readonly known: true;
      readonly status: 'exists' | 'can-exist' | 'non-existent';
      readonly matchMore: boolean;
      readonly ignorePattern: boolean;
    }
  | { readonly known: false; readonly reason: string };
