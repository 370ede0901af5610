import type { StreamStatistics } from '../base/media-port.ts';
import { round } from '../base/round.ts';
import { estimateMos } from '../base/voice-quality.ts';
import type {
  BrokerStatus,
  CallStatus,
  ConferenceStatus,
  HatStatus,
  LegStatus,
  LineStatus,
  MediaStatus,
  PhoneStatus,
  RegistrationStatus,
  StatusSnapshot,
  TrunkStatus,
} from './schema.ts';
import { formatTime, type WallTime } from './wall-time.ts';

/**
 * What the appliance tells about itself, in the terms that its parts keep: times are monotonic ms, as machines have them.
 * The composition root implements it; reading must be cheap and change nothing.
 */
export interface StatusSource {
  readonly site: string;
  readonly version: string;
  /** Monotonic ms at which the appliance started. */
  readonly startedMs: number;
  trunks(): Iterable<readonly [name: string, TrunkReading]>;
  hat(): HatStatus | null;
  /** By port number. */
  lines(): Iterable<readonly [port: number, LineReading]>;
  /** By user name; one that stays as it was may be given as the same object. */
  phones(): Iterable<readonly [user: string, PhoneReading]>;
  /** Monotonic ms at which adopt mode closes, null while it is closed; undefined where it is not allowed. */
  adoptionEndsMs(): number | null | undefined;
  calls(): Iterable<CallReading>;
  /** By number. */
  conferences(): Iterable<readonly [number: string, ConferenceReading]>;
  media(): MediaStatus;
  broker(): BrokerReading | null;
  dropped(): Readonly<Record<string, number>>;
}

type WithTimes<Status> = Omit<Status, 'since'> & { readonly sinceMs: number };

export type LineReading = WithTimes<LineStatus>;
export type PhoneReading = WithTimes<PhoneStatus>;
export type ConferenceReading = WithTimes<ConferenceStatus>;
export type BrokerReading = WithTimes<BrokerStatus>;
/** What the link itself knows of that. */
export type LinkReading = Omit<BrokerReading, 'waiting'>;
export type TrunkReading = Omit<TrunkStatus, 'registration'> & {
  /** Registrations outlive restarts, so their times are of the wall clock: ms since 1970. */
  readonly registration: (Omit<RegistrationStatus, 'since'> & { readonly sinceEpochMs: number }) | null;
};

export interface CallReading {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly state: CallStatus['state'];
  /** When it came into this state, and when it began; monotonic ms. */
  readonly sinceMs: number;
  readonly startedMs: number;
  readonly emergency: boolean;
  readonly legs: readonly LegReading[];
}

export interface LegReading {
  readonly kind: LegStatus['kind'];
  readonly channel: string;
  /** Undefined when the leg has no stream or the stream is not open. */
  readonly statistics: StreamStatistics | undefined;
  /** Round trip to the far end, where it is known: half of it counts as delay. */
  readonly rttMs?: number;
}

/** Both clocks at one instant. */
export interface Now {
  readonly nowMs: number;
  readonly wallMs: number;
}

/** Reads the whole status. Pure but for the reading; keys come in a stable order, lines by number. */
export function takeSnapshot(source: StatusSource, time: WallTime, now: Now): StatusSnapshot {
  const since = (atMs: number) => time.format(atMs, now.nowMs, now.wallMs);
  const broker = source.broker();
  return {
    site: source.site,
    version: source.version,
    uptimeMs: Math.round(now.nowMs - source.startedMs),
    trunks: record(byName(source.trunks()), trunkStatus),
    hat: source.hat(),
    lines: record(
      [...source.lines()].sort(([a], [b]) => a - b),
      (reading) => dated(reading, since),
    ),
    phones: record(byName(source.phones()), (reading) => phoneStatus(reading, since)),
    adoption: adoption(source.adoptionEndsMs(), since),
    calls: [...source.calls()].map((reading) => callStatus(reading, since)),
    conferences: record(byName(source.conferences()), (reading) => dated(reading, since)),
    media: source.media(),
    mqtt: broker === null ? null : dated(broker, since),
    dropped: { ...source.dropped() },
  };
}

function adoption(endsMs: number | null | undefined, since: (atMs: number) => string): StatusSnapshot['adoption'] {
  return endsMs === undefined ? null : { until: endsMs === null ? null : since(endsMs) };
}

/** One call as it stands; also what the end of a call is told with, when it is in no snapshot any more. */
export function callStatus(reading: CallReading, since: (atMs: number) => string): CallStatus {
  return {
    id: reading.id,
    from: reading.from,
    to: reading.to,
    state: reading.state,
    since: since(reading.sinceMs),
    started: since(reading.startedMs),
    emergency: reading.emergency,
    legs: reading.legs.map(legStatus),
  };
}

/** One leg as it stands, or as it was when its stream was closed. */
export function legStatus({ kind, channel, statistics, rttMs }: LegReading): LegStatus {
  if (statistics === undefined) return { kind, channel, lossPct: null, jitterMs: null, mos: null };
  const expected = statistics.received + statistics.lost;
  const lossPct = expected === 0 ? 0 : (100 * statistics.lost) / expected;
  // Copper has no network: its legs are as good as their blocks are complete. 20 ms are the packet itself.
  const delayMs = statistics.delayMs + (rttMs ?? 0) / 2 + (kind === 'line' ? 0 : 20 + 2 * statistics.jitterMs);
  return {
    kind,
    channel,
    lossPct: round(lossPct, 1),
    jitterMs: round(statistics.jitterMs, 1),
    mos: estimateMos({ lossPct, delayMs }),
    ...farView(statistics),
  };
}

function farView(statistics: StreamStatistics): Pick<LegStatus, 'far'> {
  const { farLostPct, farJitterMs, rttMs, farDiscardPct, farMos } = statistics;
  if (farLostPct === undefined || farJitterMs === undefined) return {};
  const far = { lossPct: round(farLostPct, 1), jitterMs: round(farJitterMs, 1) };
  return {
    far: {
      ...far,
      rttMs: rttMs === undefined ? null : round(rttMs, 1),
      ...(farDiscardPct === undefined ? {} : { discardPct: round(farDiscardPct, 1) }),
      ...(farMos === undefined ? {} : { mos: farMos }),
    },
  };
}

function trunkStatus({ registration, rttMs, lossPct, ...rest }: TrunkReading): TrunkStatus {
  return {
    ...rest,
    rttMs: rttMs === null ? null : round(rttMs, 1),
    lossPct: lossPct === null ? null : round(lossPct, 1),
    registration: registration === null ? null : registrationStatus(registration),
  };
}

function registrationStatus({ sinceEpochMs, ...rest }: NonNullable<TrunkReading['registration']>): RegistrationStatus {
  return { ...rest, since: formatTime(sinceEpochMs) };
}

function dated<Reading extends { readonly sinceMs: number }>(reading: Reading, since: (atMs: number) => string) {
  const { sinceMs, ...rest } = reading;
  return { ...rest, since: since(sinceMs) };
}

/** There may be hundreds of phones, of which most stay as they are for hours: the same reading gives the same status. */
const phoneStatuses = new WeakMap<PhoneReading, PhoneStatus>();

function phoneStatus(reading: PhoneReading, since: (atMs: number) => string): PhoneStatus {
  const known = phoneStatuses.get(reading);
  if (known?.since === since(reading.sinceMs)) return known;
  const status = dated(reading, since);
  phoneStatuses.set(reading, status);
  return status;
}

function byName<Value>(entries: Iterable<readonly [string, Value]>): (readonly [string, Value])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}

function record<Reading, Status>(
  entries: readonly (readonly [string | number, Reading])[],
  convert: (reading: Reading) => Status,
): Record<string, Status> {
  return Object.fromEntries(entries.map(([name, reading]) => [String(name), convert(reading)]));
}
