import type { StreamStatistics } from '../../../src/base/media-port.ts';
import type { HatStatus } from '../../../src/status/schema.ts';
import type {
  CallReading,
  LineReading,
  PhoneReading,
  StatusSource,
  TrunkReading,
} from '../../../src/status/snapshot.ts';

export const statistics: StreamStatistics = {
  received: 990,
  sent: 1000,
  lost: 10,
  late: 0,
  outOfOrder: 0,
  dropped: 0,
  jitterMs: 1.26,
  delayMs: 40,
};

export const line: LineReading = {
  kind: 'fxs',
  hook: 'on',
  state: 'idle',
  extension: '201',
  name: 'Front desk',
  doNotDisturb: false,
  forward: { always: null, busy: null, noAnswer: null },
  sinceMs: 0,
};

export const phone: PhoneReading = {
  state: 'registered',
  contact: 'sip:211@192.0.2.9',
  extension: '211',
  name: null,
  adopted: false,
  rttMs: 12,
  lossPct: 0,
  doNotDisturb: true,
  forward: { always: null, busy: null, noAnswer: null },
  sinceMs: 0,
};

export const trunk: TrunkReading = {
  kind: 'iax2',
  reachable: true,
  rttMs: 12.345,
  lossPct: 0,
  address: '203.0.113.1:4569',
  reason: null,
  registration: {
    state: 'registered',
    refreshS: 60,
    apparent: '198.51.100.7:4569',
    messages: { new: 2, old: 5 },
    sinceEpochMs: Date.UTC(2026, 0, 1) + 500,
  },
};

export const hat: HatStatus = {
  port: '/dev/ttyAMA0',
  runs: 'hardware',
  reason: null,
  up: true,
  board: 'branchline-hat-4',
  firmware: '1.3.0',
  rttMs: 3,
  crcErrors: 0,
  resyncs: 0,
  repeats: 0,
  resets: 0,
  resetLine: 0,
  reopenings: 0,
  underruns: 0,
  lateBlocks: 0,
  stalledBlocks: null,
  hatCrcErrors: 0,
};

export const call: CallReading = {
  id: 'c1',
  from: '201',
  to: '7123',
  state: 'talking',
  sinceMs: 900,
  startedMs: 400,
  emergency: false,
  legs: [
    { kind: 'line', channel: 'LINE/1', statistics: { ...statistics, lost: 0 } },
    {
      kind: 'iax2',
      channel: 'IAX2/hq',
      statistics: { ...statistics, farLostPct: 2.04, farJitterMs: 3.21, rttMs: 20 },
      rttMs: 20,
    },
  ],
};

/** A source whose parts tests replace. */
export interface Readings {
  trunks: Record<string, TrunkReading>;
  lines: Record<number, LineReading>;
  calls: CallReading[];
  /** One that is registered, unless told. */
  phones?: Record<string, PhoneReading>;
  hat?: HatStatus;
}

export function sourceOf(readings: Readings): StatusSource {
  return {
    site: 'lyon-01',
    version: '1.0.0',
    startedMs: 0,
    trunks: () => Object.entries(readings.trunks),
    hat: () => readings.hat ?? null,
    lines: () => Object.entries(readings.lines).map(([port, reading]) => [Number(port), reading] as const),
    conferences: () => [
      [
        '600',
        { members: [{ channel: 'LINE/1', leader: true, muted: false }], locked: false, recording: true, sinceMs: 0 },
      ],
    ],
    phones: () => Object.entries(readings.phones ?? { 211: phone }),
    adoptionEndsMs: () => undefined,
    calls: () => readings.calls,
    media: () => ({ io: 'dgram', tickLatenessMs: { p50: 0.1, p99: 0.4, max: 1.2 } }),
    broker: () => null,
    dropped: () => ({ 'iax2.unknown-call': 3 }),
  };
}
