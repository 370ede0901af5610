import { expect, test } from 'vitest';
import { formatMetrics } from '../../../src/status/metrics.ts';
import type { HealthStatus, StatusSnapshot } from '../../../src/status/schema.ts';
import { takeSnapshot } from '../../../src/status/snapshot.ts';
import { stateTopics } from '../../../src/status/topics.ts';
import { WallTime } from '../../../src/status/wall-time.ts';
import { call, line, sourceOf, trunk } from './readings.ts';

const status: StatusSnapshot = {
  ...takeSnapshot(
    sourceOf({
      trunks: { hq: trunk, 'a"b': { ...trunk, reachable: false, rttMs: null } },
      lines: { 1: line },
      calls: [call],
    }),
    new WallTime(),
    { nowMs: 2_000, wallMs: Date.UTC(2026, 0, 1) },
  ),
  dropped: { 'iax2.unknown-call': 3 },
};
const health: HealthStatus = {
  ...{ version: '1.0.0', uptimeMs: 2_000, cpuPct: 2.5, memoryMb: 80.1, temperatureC: 41.5 },
  power: { undervoltage: true, undervoltageSinceBoot: true, throttled: false, throttledSinceBoot: null },
  clock: { hatPpm: -12.5, synchronised: true, setByMs: 300 },
};

/** Every sample as Prometheus reads it. */
function samples(text: string): Map<string, number> {
  const rows = text.split('\n').filter((row) => row !== '' && !row.startsWith('#'));
  return new Map(
    rows.map((row) => {
      const [, name = '', value = ''] = /^(branchline_[a-z0-9_]+(?:\{.*\})?) (\S+)$/.exec(row) ?? [];
      return [name.replace('branchline_', ''), Number(value)];
    }),
  );
}

const read = samples(formatMetrics(status, health));

test('has the same numbers as the topic health, in base units', () => {
  expect(Object.fromEntries(read)).toMatchObject({
    memory_resident_bytes: health.memoryMb * 1e6,
    cpu_ratio: health.cpuPct / 100,
    temperature_celsius: health.temperatureC,
    undervoltage: 1,
    undervoltage_since_boot: 1,
    throttled: 0,
    hat_clock_drift_ratio: -12.5e-6,
    clock_synchronised: 1,
    clock_set_seconds: 0.3,
    uptime_seconds: 2,
  });
});

test('has the same numbers as the topics of trunks, lines and calls', () => {
  for (const [topic, body] of stateTopics(status)) {
    const [kind, name = ''] = topic.split('/');
    if (kind === 'lines')
      expect(read.get(`line_state{line="${name}",state="${(body as { state: string }).state}"}`)).toBe(1);
    if (kind !== 'trunks') continue;
    const { reachable, rttMs, registration } = body as StatusSnapshot['trunks'][string];
    const label = `{trunk="${name.replaceAll('"', '\\"')}"}`;
    expect(read.get(`trunk_reachable${label}`)).toBe(Number(reachable));
    expect(read.get(`trunk_rtt_seconds${label}`)).toBe(rttMs === null ? undefined : rttMs / 1_000);
    expect(read.get(`trunk_registered${label}`)).toBe(Number(registration?.state === 'registered'));
  }
  expect(read.get('calls')).toBe(status.calls.length);
  expect(read.get('dropped_total{reason="iax2.unknown-call"}')).toBe(3);
});

test('tells how the broker is and how much waits for it, where one is configured', () => {
  const mqtt = {
    url: 'mqtt://b',
    state: 'waiting',
    protocol: null,
    reason: null,
    since: status.calls[0]!.since,
  } as const;
  const told = samples(formatMetrics({ ...status, mqtt: { ...mqtt, waiting: 12 } }, health));
  expect([told.get('mqtt_connected'), told.get('outbox_messages')]).toEqual([0, 12]);
  const well = samples(formatMetrics({ ...status, mqtt: { ...mqtt, state: 'connected', waiting: 0 } }, health));
  expect([well.get('mqtt_connected'), well.get('outbox_messages')]).toEqual([1, 0]);
  expect([read.has('mqtt_connected'), read.has('outbox_messages')]).toEqual([false, false]);
});

test('leaves out what is not known, rather than call it 0', () => {
  const bare = samples(
    formatMetrics(status, {
      ...health,
      temperatureC: null,
      power: null,
      clock: { hatPpm: null, synchronised: null, setByMs: 0 },
    }),
  );
  for (const name of [
    'temperature_celsius',
    'undervoltage',
    'throttled',
    'hat_clock_drift_ratio',
    'clock_synchronised',
  ])
    expect(bare.has(name), name).toBe(false);
  expect(read.has('throttled_since_boot')).toBe(false);
});

// What `promtool check metrics` looks at: it refuses the labels of summaries and histograms elsewhere, and wants names that say their kind.
test('passes the checks of Prometheus', () => {
  const text = formatMetrics(status, health);
  const kinds = new Map([...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name = '', kind]) => [name, kind]));
  for (const [name, kind] of kinds) {
    expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
    expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter']);
    expect(name).not.toMatch(
      /_(?:gauge|counter|count|sum|bucket|milliseconds|ms|minutes|hours|percent|kilobytes)$|[A-Z]|__/,
    );
  }
  for (const row of text.split('\n').filter((it) => it !== '' && !it.startsWith('#'))) {
    expect(kinds.has(/^\w+/.exec(row)![0])).toBe(true);
    expect(row).not.toMatch(/[{,](?:quantile|le)=/);
  }
});
