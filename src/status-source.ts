import type { Appliance } from './appliance.ts';
import type { PhoneView } from './appliance-phones.ts';
import type { ApplianceSip } from './appliance-sip.ts';
import type { Counters } from './base/counters.ts';
import type { PeerStatus } from './iax2/peer.ts';
import type { Reachability } from './sip/qualify.ts';
import type { HatStatus, MediaStatus } from './status/schema.ts';
import type {
  BrokerReading,
  CallReading,
  LegReading,
  LineReading,
  PhoneReading,
  StatusSource,
  TrunkReading,
} from './status/snapshot.ts';
import type { TelephoneOrders } from './switch/telephone-orders.ts';

export interface StatusParts {
  readonly site: string;
  readonly version: string;
  readonly startedMs: number;
  readonly appliance: Appliance;
  readonly counters: Counters;
  readonly media: () => MediaStatus;
  readonly broker: () => BrokerReading | null;
  readonly hat: () => HatStatus | null;
}

/** The appliance as status reads it. */
export function statusSource(parts: StatusParts): StatusSource {
  const { appliance, site, version, startedMs } = parts;
  const phones = new PhoneReadings();
  return {
    site,
    version,
    startedMs,
    *trunks() {
      for (const status of appliance.endpoint.peerStatuses) yield [status.name, trunk(status)] as const;
      for (const status of appliance.sip?.trunkViews() ?? []) yield [status.name, sipTrunk(status)] as const;
    },
    hat: parts.hat,
    *lines() {
      for (const [port, { status, sinceMs }] of appliance.lineViews()) {
        const { kind, hook, state, extension, name } = status;
        const orders = appliance.orders.of(`LINE/${port}`);
        const named = { extension: orNull(extension), name: orNull(name) };
        const reading: LineReading = { kind, hook, state, ...named, ...orders, sinceMs };
        yield [port, reading] as const;
      }
    },
    *phones() {
      for (const [user, view] of appliance.phoneViews())
        yield [
          user,
          phones.of(user, view, appliance.orders.of(`SIP/${user}`), appliance.sip?.endpoint.measuresOf(user)),
        ] as const;
    },
    adoptionEndsMs: () => (appliance.sip?.canAdopt === true ? (appliance.sip.adoptionEndsMs ?? null) : undefined),
    calls: () => appliance.calls().map((view) => callReading(appliance, view)),
    *conferences() {
      for (const { number, ...view } of appliance.conferences())
        yield [number, { ...view, members: [...view.members] }];
    },
    media: parts.media,
    broker: parts.broker,
    dropped: () => parts.counters.snapshot(),
  };
}

/** What a reading of a phone is made of. */
interface ReadPhone {
  readonly view: PhoneView;
  readonly orders: TelephoneOrders;
  readonly measures: Reachability | undefined;
}

/** What is read of phones: while nothing changes, the same object each time. */
class PhoneReadings {
  private readonly known = new Map<string, ReadPhone & { readonly reading: PhoneReading }>();

  of(user: string, view: PhoneView, orders: TelephoneOrders, measures: Reachability | undefined): PhoneReading {
    const known = this.known.get(user);
    if (known?.view === view && known.orders === orders && known.measures === measures) return known.reading;
    const { rttMs = null, lossPct = null } = measures ?? {};
    const reading = { ...view, extension: orNull(view.extension), name: orNull(view.name), rttMs, lossPct, ...orders };
    this.known.set(user, { view, orders, measures, reading });
    return reading;
  }
}

/** A call with what its legs have measured so far. */
export function callReading(appliance: Appliance, view: ReturnType<Appliance['calls']>[number]): CallReading {
  return { ...view, legs: view.legs.map((leg) => legReading(appliance, leg)) };
}

/** What a leg has measured, or had when its stream was closed. */
export function legReading(
  appliance: Appliance,
  { technology, channel, stream }: ReturnType<Appliance['calls']>[number]['legs'][number],
): LegReading {
  const statistics = appliance.plane.statistics(stream);
  const told = appliance.endpoint.farReport(stream);
  return {
    kind: technology,
    channel,
    statistics: statistics === undefined || told === undefined ? statistics : { ...statistics, ...told },
    ...(told?.rttMs === undefined ? {} : { rttMs: told.rttMs }),
  };
}

function trunk(status: PeerStatus): TrunkReading {
  const { address, reachable, rttMs, lossPct, registration, binding } = status;
  return {
    kind: 'iax2',
    reachable,
    rttMs,
    lossPct,
    address,
    reason: status.reason ?? registration?.reason ?? null,
    registration:
      registration === null
        ? binding === null
          ? null
          : {
              state: 'registered',
              refreshS: binding.refreshS,
              apparent: `${binding.ip.includes(':') ? `[${binding.ip}]` : binding.ip}:${binding.port}`,
              sinceEpochMs: binding.registeredEpochMs,
            }
        : {
            state: registration.state,
            refreshS: registration.refreshS,
            apparent: registration.apparent,
            ...waiting(registration.messages),
            sinceEpochMs: registration.sinceEpochMs,
          },
  };
}

function waiting(messages: { readonly newMessages: number; readonly oldMessages: number } | null) {
  return messages === null ? {} : { messages: { new: messages.newMessages, old: messages.oldMessages } };
}

function sipTrunk(status: ReturnType<ApplianceSip['trunkViews']>[number]): TrunkReading {
  const { address, reachable, rttMs, lossPct, registration, reason, messages } = status;
  return {
    kind: 'sip',
    reachable,
    rttMs,
    lossPct,
    address,
    reason: reason ?? registration?.reason ?? null,
    registration:
      registration === null
        ? null
        : {
            state: registration.state,
            refreshS: registration.refreshS,
            apparent: registration.apparent,
            ...waiting(messages),
            sinceEpochMs: registration.sinceEpochMs,
          },
  };
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}
