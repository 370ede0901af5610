import { readFileSync } from 'node:fs';
import type { HatStatus, HealthStatus } from '../status/schema.ts';
import type { Clock } from './clock.ts';

export interface HealthParts {
  readonly version: string;
  readonly startedMs: number;
  readonly clock: Clock;
  readonly hat: () => HatStatus | null;
  /** Base64 of the public key that secrets for this appliance are sealed with. */
  readonly sealingKey: () => string | null;
}

/** Reads what this process and machine are like; each reading tells of the CPU since the one before. */
export function healthReader({ version, startedMs, clock, hat, sealingKey }: HealthParts): () => HealthStatus {
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
      temperatureC: temperature(),
      hat: hat(),
      sealingKey: sealingKey(),
    };
  };
}

/** The processor's, where the kernel tells it, as on every Raspberry Pi. */
function temperature(): number | null {
  try {
    const millidegrees = Number(readFileSync('/sys/class/thermal/thermal_zone0/temp', 'utf8'));
    return Number.isFinite(millidegrees) ? Math.round(millidegrees / 100) / 10 : null;
  } catch {
    return null;
  }
}
