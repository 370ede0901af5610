import type { HatStatus, HealthStatus } from '../status/schema.ts';
import type { Clock } from './clock.ts';
import type { MachineFiles } from './machine-files.ts';

export interface HealthParts {
  readonly version: string;
  readonly startedMs: number;
  readonly clock: Clock;
  readonly hat: () => HatStatus | null;
  /** Base64 of the public key that secrets for this appliance are sealed with. */
  readonly sealingKey: () => string | null;
  /** Parts per million by which the HAT runs fast; null while that is not known. */
  readonly hatPpm: () => number | null;
  readonly machine: MachineFiles;
}

/** Reads what this process and machine are like; each reading tells of the CPU since the one before. */
export function healthReader({
  version,
  startedMs,
  clock,
  hat,
  sealingKey,
  hatPpm,
  machine,
}: HealthParts): () => HealthStatus {
  const aheadMs = () => clock.wallMs() - clock.nowMs();
  const aheadAtStartMs = aheadMs();
  let before = process.cpuUsage();
  let beforeMs = clock.nowMs();
  return () => {
    const nowMs = clock.nowMs();
    const used = process.cpuUsage(before);
    const elapsedMs = Math.max(1, nowMs - beforeMs);
    before = process.cpuUsage();
    beforeMs = nowMs;
    return {
      version,
      uptimeMs: Math.round(nowMs - startedMs),
      cpuPct: Math.round(((used.user + used.system) / 1_000 / elapsedMs) * 1_000) / 10,
      memoryMb: Math.round(process.memoryUsage.rss() / 1e5) / 10,
      temperatureC: machine.temperatureC(),
      power: machine.power(),
      clock: {
        hatPpm: hatPpm(),
        synchronised: machine.isClockSynchronised(),
        // A tenth of a second is what reading two clocks one after the other may cost a busy machine.
        setByMs: Math.round((aheadMs() - aheadAtStartMs) / 100) * 100,
      },
      hat: hat(),
      sealingKey: sealingKey(),
    };
  };
}
