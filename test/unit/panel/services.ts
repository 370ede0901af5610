import { silentLog } from '../../../src/base/log.ts';
import type { ConfigurationStanding } from '../../../src/panel/configuration.ts';
import type { EmulatedLine } from '../../../src/panel/emulator.ts';
import type { PanelServices } from '../../../src/panel/services.ts';
import type { StatusChange } from '../../../src/status/feed.ts';
import { LogBook } from '../../../src/status/log-book.ts';
import { takeSnapshot } from '../../../src/status/snapshot.ts';
import { WallTime } from '../../../src/status/wall-time.ts';
import { call, line, sourceOf, trunk } from '../status/readings.ts';

export const phone: EmulatedLine = {
  hook: 'on',
  ringing: false,
  cadence: [],
  callerId: null,
  callerName: null,
  lamp: false,
  heard: { tones: [{ hz: 440, dbm0: -13 }], levelDbm0: -13 },
};

const problem = { line: 1, column: 1, severity: 'error', message: 'it is empty' } as const;
const standing: ConfigurationStanding = {
  ...{ phase: 'trial', by: 'panel', user: null, unconfirmed: true, remainingMs: 60_000, missing: [] },
  ...{ version: 'v2', source: 'panel', reported: null },
};

/** An appliance of one line and one call, and what the panel asked of it. */
export function fakeServices() {
  const asked: string[] = [];
  const listeners = new Set<(change: StatusChange) => void>();
  const heardBy = new Set<(samples: Int16Array) => void>();
  const book = new LogBook(silentLog, () => '2026-01-01T00:00:00.000Z');
  const services: PanelServices = {
    status: () =>
      takeSnapshot(sourceOf({ trunks: { hq: trunk }, lines: { 1: line }, calls: [call] }), new WallTime(), {
        nowMs: 2_000,
        wallMs: Date.UTC(2026, 0, 1) + 2_000,
      }),
    presence: () => ({ state: 'online', session: 's1', at: '2026-01-01T00:00:02.000Z' }),
    time: () => '2026-01-01T00:00:02.000Z',
    health: () => ({ version: '1.0.0', uptimeMs: 2_000, cpuPct: 2.5, memoryMb: 80, temperatureC: 41.5, hat: null }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    originate(from, to) {
      asked.push(`call ${from} ${to}`);
      return from === 'line/9' ? { failed: 'there is no line 9' } : { id: 'c2' };
    },
    capture(call, take) {
      asked.push(`capture ${call ?? 'all'}`);
      take(Uint8Array.of(10, 13, 13, 10));
      return () => asked.push('capture ended');
    },
    hangup(id) {
      asked.push(`hangup ${id}`);
      return id === 'c1';
    },
    openAdoption() {
      asked.push('adopt');
      return { secret: '0123456789012345', until: '2026-01-01T00:02:00.000Z' };
    },
    closeAdoption: () => false,
    forgetPhone: (user) => user === '215',
    trace: (number, from) =>
      from === 'nowhere'
        ? { failed: 'there is no context nowhere' }
        : {
            context: from,
            steps: [
              { location: `${from},${number},1`, application: `Dial(IAX2/hq/${number})`, outcome: 'assumed to fail' },
            ],
          },
    emulator: {
      board: { name: 'test board', sockets: 4, phones: [1], townLines: [4], keys: ['1', '2'] },
      line: () => ({ ok: true, value: phone }),
      apply(port, body) {
        asked.push(`apply ${port} ${JSON.stringify(body)}`);
        return 'dial' in (body as object)
          ? { ok: false, status: 409, error: 'The handset is on the hook.' }
          : { ok: true, value: phone };
      },
      heardWav: (_port, seconds) =>
        seconds > 0 && seconds <= 60
          ? { ok: true, value: new Uint8Array(seconds) }
          : { ok: false, status: 400, error: 'seconds must be more than 0 and at most 60.' },
      leds: () => ({ 1: { colour: 'green', onMs: 1_000, offMs: 0 } }),
      keypad(body) {
        asked.push(`key ${JSON.stringify(body)}`);
        return { ok: true, value: null };
      },
      listen(_port, listener) {
        heardBy.add(listener);
        return () => heardBy.delete(listener);
      },
      speak: (_port, samples) => void asked.push(`speak ${[...samples].join()}`),
    },
    configuration: {
      read: () => ({ text: 'site: { id: lyon-01 }', version: 'v1', source: 'file' }),
      check: (text) => ({
        problems: text === '' ? [problem] : [],
        changes: [],
        touches: { lines: [], phones: [], trunks: [], calls: [], restart: false },
      }),
      apply({ text, version, user, confirmWithinMs }) {
        asked.push(`apply ${text} over ${version} by ${user} within ${confirmWithinMs}`);
        if (text === '') return { reason: 'invalid', error: 'line 1, column 1: it is empty', problems: [problem] };
        return version === 'v1' ? undefined : { reason: 'conflict', error: 'another one is in force' };
      },
      confirm: () => undefined,
      rollBack: () => 'no configuration is on trial',
      standing: () => standing,
    },
    log: book,
    neighbours: [{ name: 'Centre', url: 'http://127.0.0.1:8081/' }],
  };
  return {
    services,
    book,
    asked,
    listeners,
    heardBy,
    tell: (change: StatusChange) => {
      for (const listener of listeners) listener(change);
    },
    hear: (samples: Int16Array) => {
      for (const listener of heardBy) listener(samples);
    },
  };
}
