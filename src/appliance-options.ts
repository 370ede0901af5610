import type { About } from './appliance-box.ts';
import type { BoxPanelOptions } from './appliance-panel.ts';
import type { ApplianceSipOptions } from './appliance-sip.ts';
import type { Counters } from './base/counters.ts';
import type { Crypto } from './base/crypto.ts';
import type { Log } from './base/log.ts';
import type { Random } from './base/random.ts';
import type { Dialplan } from './dialplan/dialplan.ts';
import type { DialClass, NumberingPlan } from './dialplan/numbering-plan.ts';
import type { WallClock } from './dialplan/wall-clock.ts';
import type { EmergencyPlan } from './emergency/plan.ts';
import type { PeerConfig } from './iax2/peer.ts';
import type { TownLineSettings } from './legs/line-fxo.ts';
import type { LineSettings } from './legs/line-leg.ts';
import type { CountryProfile } from './lines/country-profile.ts';
import type { DatagramSink, RtpSink } from './media/datagram-sink.ts';
import type { RtpPortLender, WorkerNotices } from './media/split-plane.ts';
import type { RoomSettings } from './switch/conference.ts';
import type { TelephoneSettings } from './switch/handset.ts';

/** What another configuration may change while calls stand. */
export interface LiveSettings {
  /** New calls run it; those that stand finish with theirs. */
  readonly dialplan: Dialplan;
  readonly emergency: EmergencyPlan;
  /** Who may not dial everything, by channel: `LINE/1`, `SIP/211`, `IAX2/hq`. */
  readonly dialClasses?: ReadonlyMap<string, DialClass>;
  /** By channel; a telephone that is not here has what is usual. */
  readonly telephones?: ReadonlyMap<string, TelephoneFeatures>;
  /** By the number of the room. Rooms that somebody is in go on as they are. */
  readonly conferences?: ReadonlyMap<string, RoomSettings>;
  readonly peers: readonly PeerConfig[];
  /** Of lines that are here their numbers, names and contexts count; left as they are unless told. */
  readonly lines?: readonly LineSettings[];
  readonly townLines?: readonly TownLineSettings[];
  /** Opening hours, `mon-fri 08:30-18:00`; without, it is day until a key says otherwise. */
  readonly hours?: readonly string[];
}

export interface ApplianceOptions extends LiveSettings {
  readonly lines: readonly LineSettings[];
  readonly profile: CountryProfile;
  readonly numbering: NumberingPlan;
  /** What the keys of the box do; none, where it has no keypad. */
  readonly keypad?: BoxPanelOptions['keypad'];
  /** What is said of this program and machine when somebody asks. */
  readonly about?: About;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly clock: WallClock;
  readonly counters: Counters;
  readonly log: Log;
  /** Phones and trunks that speak SIP; absent where there are none. */
  readonly sip?: ApplianceSipOptions;
  /** Where voice goes at once; everything else comes from `poll`. */
  readonly send: DatagramSink;
  /** Where RTP and RTCP go at once; absent where there is no RTP. */
  readonly sendRtp?: RtpSink;
  /** Where a worker has the voice of calls. */
  readonly mediaWorker?: WorkerNotices;
  /** Where that may have RTP, too. */
  readonly rtpLender?: RtpPortLender;
}

/** What a telephone's flash and a second call do. */
export type TelephoneFeatures = Pick<TelephoneSettings, 'flash' | 'callWaiting'>;
