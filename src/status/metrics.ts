import type { HealthStatus, StatusSnapshot } from './schema.ts';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

/** The status as Prometheus reads it: text exposition format 0.0.4, base units (seconds, bytes, ratios). */
export function formatMetrics(status: StatusSnapshot, health: HealthStatus): string {
  const trunks = Object.entries(status.trunks);
  const lines = Object.entries(status.lines);
  const phones = Object.entries(status.phones);
  return [
    gauge('info', 'What runs here.', [[{ site: status.site, version: status.version }, 1]]),
    gauge('uptime_seconds', 'Since the start.', [[{}, status.uptimeMs / 1_000]]),
    gauge('memory_resident_bytes', 'Resident memory.', [[{}, Math.round(health.memoryMb * 1e6)]]),
    gauge('cpu_ratio', 'Share of one core of late.', [[{}, health.cpuPct / 100]]),
    gauge('temperature_celsius', 'Of the processor.', health.temperatureC === null ? [] : [[{}, health.temperatureC]]),
    ...power(health),
    ...clocks(health),
    gauge(
      'trunk_reachable',
      'Whether the peer answers to qualify.',
      trunks.flatMap(([trunk, { reachable }]) => (reachable === null ? [] : [[{ trunk }, Number(reachable)] as const])),
    ),
    gauge(
      'trunk_rtt_seconds',
      'Last measured round trip.',
      trunks.flatMap(([trunk, { rttMs }]) => (rttMs === null ? [] : [[{ trunk }, rttMs / 1_000] as const])),
    ),
    gauge(
      'trunk_probe_loss_ratio',
      'Share of qualify probes without an answer of late.',
      trunks.flatMap(([trunk, { lossPct }]) => (lossPct === null ? [] : [[{ trunk }, lossPct / 100] as const])),
    ),
    gauge(
      'trunk_registered',
      'Whether the registration stands.',
      trunks.flatMap(([trunk, { registration }]) =>
        registration === null ? [] : [[{ trunk }, Number(registration.state === 'registered')] as const],
      ),
    ),
    gauge(
      'line_state',
      'State of each line; the value is always 1.',
      lines.map(([line, { state }]) => [{ line, state }, 1]),
    ),
    gauge(
      'phone_registered',
      'Whether the phone is registered and reachable.',
      phones.map(([phone, { state }]) => [{ phone }, Number(state === 'registered')]),
    ),
    gauge('calls', 'Calls that stand.', [[{}, status.calls.length]]),
    ...broker(status),
    gauge(
      'media_tick_lateness_seconds',
      'How late the media plane woke up.',
      Object.entries(status.media.tickLatenessMs).map(([statistic, ms]) => [{ statistic }, ms / 1_000]),
    ),
    metric(
      'counter',
      'dropped_total',
      'Frames and messages dropped.',
      Object.entries(status.dropped).map(([reason, count]) => [{ reason }, count]),
    ),
  ].join('');
}

function broker({ mqtt }: StatusSnapshot): string[] {
  if (mqtt === null) return [];
  return [
    gauge('mqtt_connected', 'Whether the broker is reached.', [[{}, Number(mqtt.state === 'connected')]]),
    gauge('outbox_messages', 'Records and events that no broker has yet.', [[{}, mqtt.waiting]]),
  ];
}

function power({ power }: HealthStatus): string[] {
  return [
    flag('undervoltage', 'Whether the supply is too weak.', power?.undervoltage),
    flag('undervoltage_since_boot', 'Whether it was since the boot.', power?.undervoltageSinceBoot),
    flag('throttled', 'Whether the processor is slowed down.', power?.throttled),
    flag('throttled_since_boot', 'Whether it was since the boot.', power?.throttledSinceBoot),
  ];
}

function clocks({ clock }: HealthStatus): string[] {
  const ppm = clock?.hatPpm ?? null;
  return [
    gauge('hat_clock_drift_ratio', 'By how much the clock of the HAT is fast.', ppm === null ? [] : [[{}, ppm / 1e6]]),
    flag('clock_synchronised', 'Whether the clock of the system was set by a time server.', clock?.synchronised),
    gauge(
      'clock_set_seconds',
      'By how much the clock of the system was set since the start.',
      clock === undefined ? [] : [[{}, clock.setByMs / 1_000]],
    ),
  ];
}

function flag(name: string, help: string, value: boolean | null | undefined): string {
  return gauge(name, help, value === null || value === undefined ? [] : [[{}, Number(value)]]);
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  return metric('gauge', name, help, samples);
}

function metric(type: 'gauge' | 'counter', name: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return '';
  const full = `branchline_${name}`;
  const rows = samples.map(([labels, value]) => `${full}${formatLabels(labels)} ${value}\n`);
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${rows.join('')}`;
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
