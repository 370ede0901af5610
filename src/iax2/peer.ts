import type { TrunkMode } from '../base/media-port.ts';
import type { MessageCount } from '../base/message-count.ts';
import type { Random } from '../base/random.ts';
import type { AclRule } from './acl.ts';
import type { CodecPriority, FormatName } from './media-format.ts';

/** How a peer may prove who it is, strongest first where both sides offer several. [RFC5456 §8.6.13] */
export type AuthMethod = 'rsa' | 'md5' | 'plaintext';

/** Number and name of a caller, as far as they are known; empty where they are not. */
export interface CallerId {
  readonly number: string;
  readonly name: string;
  /** CALLINGPRES; 0 = allowed, 0x20 = restricted, 0x43 = unavailable. [RFC5456 §8.6.29] */
  readonly presentation?: number;
  /** CALLINGTON. [RFC5456 §8.6.30] */
  readonly typeOfNumber?: number;
  /** CALLINGTNS. [RFC5456 §8.6.31] */
  readonly transitNetwork?: number;
  /** CALLINGANI2, which Asterisk knows from 16.21 on. */
  readonly ani2?: number;
  /** Who forwarded the call last. [RFC5456 §8.6.27] */
  readonly redirecting?: string;
}

/** Everything that is configured about one peer. All texts are as written; secrets never leave this object but as digests. */
export interface PeerConfig {
  readonly name: string;
  /** user: may call us · peer: we call it · friend: both. */
  readonly type: 'user' | 'peer' | 'friend';
  /** Host name or IP literal, or `dynamic`: it registers here. */
  readonly host: string;
  /** UDP port of `host`; 4569 if absent. */
  readonly port?: number;
  /** Who we are there: USERNAME of what we send, and a second name under which it may come in. */
  readonly username?: string;
  /** Any of them is accepted from the peer; the last is the one we use. Empty = it needs no secret. */
  readonly secrets: readonly string[];
  /** Methods we offer and are ready to use; empty counts as md5. */
  readonly auth: readonly AuthMethod[];
  /** PEM public keys whose RSA signature is accepted from the peer. */
  readonly inKeys?: readonly string[];
  /** PEM private key that we sign with. */
  readonly outKey?: string;
  /** Keeps our address known at the peer. `everyMs` refreshes more often than the refresh time asks for. */
  readonly register?: { readonly refreshS: number; readonly everyMs?: number };
  /** Where its calls enter our dialplan. Without one it cannot call in. */
  readonly context?: string;
  /** Further contexts that it may ask for by CALLED_CONTEXT. */
  readonly otherContexts?: readonly string[];
  /** Source addresses it may come from; the last rule that matches decides, no rules allow all. */
  readonly acl: readonly AclRule[];
  /** Codec names in our order of preference (`ulaw`, `alaw`, `g722`, …). */
  readonly codecs: readonly FormatName[];
  /** Whose order decides when a call comes in; host (ours) if absent. */
  readonly codecPriority?: CodecPriority;
  /** required: it must return our token · auto: once it has, it must · no: it is too old to know them. */
  readonly callToken: 'required' | 'auto' | 'no';
  /** Calls are encrypted where the peer can; `force` refuses those where it cannot. */
  readonly encryption?: { readonly method: 'aes128'; readonly force: boolean };
  /** Voice towards it goes in trunk frames; not that of encrypted calls, which those would show. */
  readonly trunk?: TrunkMode;
  readonly qualify?: { readonly everyMs: number; readonly timeoutMs: number };
  /** Simultaneous calls in both directions; the next one is refused as congestion. */
  readonly maxCalls?: number;
  /** How long a call to it waits for a first sign of life; 1.9 s if absent. */
  readonly autokillMs?: number | undefined;
  /**
   * Of a phone (it registers here, or only calls us): shown in place of what it says about itself. Of a switch that we
   * call: who we are where a call names no caller.
   */
  readonly callerId?: CallerId;
  /**
   * What this peer is told of its mailbox when it registers here: numbers, or what the peer `at`, where we register
   * ourselves, told us last; nothing as long as that said nothing. [RFC5456 §8.6.23]
   */
  readonly mailbox?: MessageCount | { readonly at: string };
  /**
   * A call's media (or all of it) may go directly to these addresses: when this peer asks for it, and when two peers that
   * both allow it talk to each other through us. [RFC5456 §6.5]
   */
  readonly transfer?: { readonly mode: 'full' | 'media'; readonly targets: readonly AclRule[] };
  /** Answers DPREQ from our dialplan; off if absent. */
  readonly remoteDialplan?: boolean;
}

/** RFC's word for where we stand at a peer that we register to; the words of `status --json`. */
export type RegistrationState = 'unregistered' | 'registering' | 'registered' | 'rejected' | 'timeout' | 'no-auth';

export interface RegistrationStatus {
  readonly state: RegistrationState;
  /** Seconds the peer keeps us; null before the first REGACK. */
  readonly refreshS: number | null;
  /** Our address as the peer sees it, `198.51.100.7:4569`; null before it said. */
  readonly apparent: string | null;
  /** Epoch ms at which `state` began. */
  readonly sinceEpochMs: number;
  /** One sentence; null when well. */
  readonly reason: string | null;
  /** Messages waiting at the peer, where it says so. */
  readonly messages: MessageCount | null;
}

/** A peer with `host: dynamic` that has registered here. Plain data: it is kept across restarts. */
export interface Binding {
  readonly peer: string;
  readonly ip: string;
  readonly port: number;
  /** Epoch ms at which it is forgotten. */
  readonly expiresEpochMs: number;
  readonly registeredEpochMs: number;
  readonly refreshS: number;
}

/** A peer as `status --json` shows it. */
export interface PeerStatus {
  readonly name: string;
  /** Where it is now, `192.0.2.1:4569`; null if unknown. */
  readonly address: string | null;
  /** Null without qualify. */
  readonly reachable: boolean | null;
  readonly rttMs: number | null;
  /** Share of its last POKEs that had no answer; null without qualify. */
  readonly lossPct: number | null;
  /** One sentence; null when well. */
  readonly reason: string | null;
  /** Null where we do not register. */
  readonly registration: RegistrationStatus | null;
  /** Its own registration here; null unless `host: dynamic` and bound. */
  readonly binding: Binding | null;
  readonly calls: number;
}

/** 5 s doubled per failure up to 60 s, each drawn from the upper half, so that a thousand branches do not come at once. */
export function retryDelayMs(failures: number, random: Random): number {
  const ceilingMs = Math.min(5_000 * 2 ** Math.min(Math.max(failures - 1, 0), 10), 60_000);
  return Math.round(ceilingMs * (0.5 + random.next() / 2));
}
