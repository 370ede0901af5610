import type { Counters } from '../base/counters.ts';
import type { Crypto } from '../base/crypto.ts';
import type { Log } from '../base/log.ts';
import type { Address } from '../base/machine.ts';
import type { StreamId, StreamIds } from '../base/media-port.ts';
import type { Random } from '../base/random.ts';
import type { DigestAlgorithm } from './digest.ts';
import type { Hop } from './hop.ts';
import type { PhoneConfig, TrunkConfig } from './peer.ts';
import type { QualifyConfig } from './qualify.ts';
import type { RegistrarLimits } from './registrar.ts';
import type { HostPort } from './uri.ts';

export interface EndpointOptions {
  readonly phones: readonly PhoneConfig[];
  readonly trunks: readonly TrunkConfig[];
  /** What phones prove themselves for: the site's name. */
  readonly realm: string;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly counters: Counters;
  readonly log: Log;
  /** Epoch ms. */
  readonly wallClock: () => number;
  readonly streams: StreamIds;
  /** Our own address as the far end of that hop reaches it, for Via and Contact. */
  readonly local: (to: Hop | undefined) => HostPort;
  /** Where the RTP of a call that comes in will be; undefined if there is no room. */
  readonly openMedia: (stream: StreamId, from: Hop) => Address | undefined;
  /** Where the RTP of its picture will be, the same each time it is asked; undefined if there is no room. */
  readonly openVideo?: (stream: StreamId) => number | undefined;
  /** The call came to nothing before there was an `incoming` event; after that it is the owner's. */
  readonly closeMedia: (stream: StreamId) => void;
  /** How often phones are asked whether they are still there; never unless told. */
  readonly qualifyPhones?: QualifyConfig;
  readonly algorithmsFor?: (from: Hop) => readonly DigestAlgorithm[];
  readonly registrarLimits?: (from: Hop) => RegistrarLimits;
  /** False for phones that listen on their Via's port only. */
  readonly forceRport?: (from: Hop) => boolean;
  /** Whether a phone's call to a number is taken however many it has, and without a context. */
  readonly mustGoThrough?: (context: string, number: string) => boolean;
}
