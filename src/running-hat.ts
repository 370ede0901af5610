import type { EmulatorControl } from '../firmware-bridge/emulator/control.ts';
import type { ExchangeAudio, HatCommand, HatEvent } from '../firmware-bridge/hat-client.ts';
import type { SerialHat } from '../firmware-bridge/serial-hat.ts';
import type { Counters } from './base/counters.ts';
import type { Log } from './base/log.ts';
import { round } from './base/round.ts';
import type { HatStatus } from './status/schema.ts';

/** The HAT of an appliance that runs, whatever it is. */
export interface RunningHat {
  /** From now on its events come. */
  start(): void;
  command(command: HatCommand): void;
  /** When the media clock has to be served next, where this process makes it; monotonic ms. */
  readonly mediaDeadline: number | undefined;
  /** What drives its phones; undefined with real ones. */
  readonly emulator: EmulatorControl | undefined;
  status(): HatStatus;
  stop(): Promise<void>;
}

export interface RunningHatOptions {
  readonly exchange: ExchangeAudio;
  readonly onEvent: (event: HatEvent) => void;
  /** Blocks were exchanged: what was heard in them takes effect. */
  readonly onExchanged: () => void;
  readonly counters: Counters;
  readonly log: Log;
}

/** What the serial link to a HAT tells about itself. */
export function linkStatus(serial: SerialHat, counters: Counters): Omit<HatStatus, 'port' | 'runs' | 'reason'> {
  const { identity, statistics, linkStatistics } = serial;
  const broken = ['frame-broken', 'frame-too-long', 'frame-too-short'];
  return {
    up: serial.isUp,
    board: identity?.board ?? null,
    firmware: identity?.firmware ?? null,
    rttMs: linkStatistics.rttMs === undefined ? null : round(linkStatistics.rttMs, 1),
    crcErrors: counters.get('hat.bad-crc'),
    resyncs: broken.reduce((sum, what) => sum + counters.get(`hat.${what}`), 0),
    repeats: linkStatistics.repeated,
    resets: serial.resets,
    resetLine: linkStatistics.resetsWanted,
    reopenings: 0,
    underruns: statistics?.underruns ?? null,
    lateBlocks: statistics?.lateBlocks ?? null,
    stalledBlocks: null,
    hatCrcErrors: statistics?.framesBad ?? null,
  };
}
