import type { VideoCodec } from '../base/media-port.ts';
import type { MessageCount } from '../base/message-count.ts';
import type { CallerId } from './caller-identity.ts';
import type { CodecName } from './codec.ts';
import type { DigestSecret } from './digest.ts';
import type { QualifyConfig, Reachability } from './qualify.ts';
import type { RegistrationStatus } from './registrant.ts';
import type { SrtpPolicy } from './sdes.ts';
import type { SipUri } from './uri.ts';

export interface PeerCodecs {
  readonly codecs: readonly CodecName[];
  /** Whether its voice is sealed; absent: never. Only where its signalling comes over TLS. */
  readonly srtp?: SrtpPolicy;
  /** The pictures that it may have; absent: none. */
  readonly video?: readonly VideoCodec[];
}

/** A phone of the office: it registers here and proves itself for each call. */
export interface PhoneConfig extends PeerCodecs {
  readonly user: string;
  /** Without one it can neither register nor call. */
  readonly secret?: DigestSecret;
  /** It is itself only over TLS with a certificate for this name; absent: any way. */
  readonly certificate?: string;
  /** Shown in place of what it says about itself. */
  readonly callerId?: CallerId;
  /** Where its calls enter the dialplan. */
  readonly context?: string;
  /** Calls at a time, in both directions. */
  readonly maxCalls?: number;
}

/** A provider or another switch. */
export interface TrunkConfig extends PeerCodecs {
  readonly name: string;
  /** Where it is: `sip:itsp.example`, a host name or an address. */
  readonly registrar: SipUri;
  /** Who we are there. */
  readonly username?: string;
  readonly secret?: DigestSecret;
  /** Keeps us registered there; needs a secret. */
  readonly register?: { readonly expiresS: number; readonly retryMs?: number };
  /** Where its calls enter the dialplan. Without one it cannot call in. */
  readonly context?: string;
  /** Who we are in From, in place of the caller: what the far end knows us by. */
  readonly fromUser?: string;
  /** The number that calls without one show. */
  readonly callerId?: CallerId;
  /** It is told who calls even if that must not be shown, and is believed about callers. [RFC3325] */
  readonly isTrusted?: boolean;
  readonly maxCalls?: number;
  /** Asks whether it is there; calls to it fail at once while it is not. */
  readonly qualify?: QualifyConfig;
  /** How long a call may stay without any answer before the next address, or the next trunk, is tried. */
  readonly setupTimeoutMs?: number;
  /** The users there whose mailboxes are asked about; absent: none. */
  readonly mailboxes?: readonly string[];
}

export interface TrunkStatus extends Reachability {
  readonly name: string;
  /** Null where we do not register. */
  readonly registration: RegistrationStatus | null;
  readonly calls: number;
  /** What waits in all mailboxes there that are asked about; null: nothing is known. */
  readonly messages: MessageCount | null;
}
