import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishedSchemas, statusSchema } from '../../../src/status/schema.ts';
import { takeSnapshot } from '../../../src/status/snapshot.ts';
import { WallTime } from '../../../src/status/wall-time.ts';
import { call, line, sourceOf, trunk } from './readings.ts';

const now = { nowMs: 1_234, wallMs: Date.UTC(2026, 0, 1) + 1_234 };

function snapshot() {
  const lines = { 10: { ...line, extension: '210' }, 1: line };
  return takeSnapshot(sourceOf({ trunks: { hq: trunk }, lines, calls: [call] }), new WallTime(), now);
}

describe('takeSnapshot', () => {
  it('says what the appliance is doing in the published words', () => {
    expect(snapshot()).toEqual({
      site: 'lyon-01',
      version: '1.0.0',
      uptimeMs: 1_234,
      trunks: {
        hq: {
          kind: 'iax2',
          reachable: true,
          rttMs: 12.3,
          lossPct: 0,
          address: '203.0.113.1:4569',
          reason: null,
          registration: {
            state: 'registered',
            refreshS: 60,
            apparent: '198.51.100.7:4569',
            messages: { new: 2, old: 5 },
            since: '2026-01-01T00:00:00.500Z',
          },
        },
      },
      hat: null,
      lines: {
        1: {
          kind: 'fxs',
          hook: 'on',
          state: 'idle',
          extension: '201',
          name: 'Front desk',
          doNotDisturb: false,
          forward: { always: null, busy: null, noAnswer: null },
          since: '2026-01-01T00:00:00.000Z',
        },
        10: expect.objectContaining({ extension: '210' }),
      },
      conferences: {
        600: {
          members: [{ channel: 'LINE/1', leader: true, muted: false }],
          locked: false,
          recording: true,
          since: '2026-01-01T00:00:00.000Z',
        },
      },
      phones: {
        211: {
          state: 'registered',
          contact: 'sip:211@192.0.2.9',
          extension: '211',
          name: null,
          adopted: false,
          rttMs: 12,
          lossPct: 0,
          doNotDisturb: true,
          forward: { always: null, busy: null, noAnswer: null },
          since: '2026-01-01T00:00:00.000Z',
        },
      },
      adoption: null,
      calls: [
        {
          id: 'c1',
          from: '201',
          to: '7123',
          state: 'talking',
          since: '2026-01-01T00:00:00.900Z',
          started: '2026-01-01T00:00:00.400Z',
          emergency: false,
          legs: [
            { kind: 'line', channel: 'LINE/1', lossPct: 0, jitterMs: 1.3, mos: 4.4 },
            {
              kind: 'iax2',
              channel: 'IAX2/hq',
              lossPct: 1,
              jitterMs: 1.3,
              mos: expect.closeTo(3.8, 0),
              far: { lossPct: 2, jitterMs: 3.2, rttMs: 20 },
            },
          ],
        },
      ],
      media: { io: 'dgram', tickLatenessMs: { p50: 0.1, p99: 0.4, max: 1.2 } },
      mqtt: null,
      dropped: { 'iax2.unknown-call': 3 },
    });
  });

  it('gives what its own schema accepts, and no word besides', () => {
    expect(statusSchema.strict().parse(snapshot())).toEqual(snapshot());
  });

  it('has no quality for a leg that has no stream', () => {
    const quiet = { ...call, legs: [{ kind: 'local' as const, channel: 'Local/1', statistics: undefined }] };
    const { calls } = takeSnapshot(sourceOf({ trunks: {}, lines: {}, calls: [quiet] }), new WallTime(), now);
    expect(calls[0]?.legs).toEqual([{ kind: 'local', channel: 'Local/1', lossPct: null, jitterMs: null, mos: null }]);
  });
});

describe('WallTime', () => {
  it('gives one text for one instant while the clocks drift, and follows a step', () => {
    const time = new WallTime();
    const start = Date.UTC(2026, 0, 1);
    const first = time.format(100, 200, start + 200);
    expect(first).toBe('2026-01-01T00:00:00.100Z');
    expect(time.format(100, 900_000, start + 901_500)).toBe(first);
    expect(time.format(100, 900_000, start + 900_000 + 3_600_000)).toBe('2026-01-01T01:00:00.100Z');
  });
});

describe('publishedSchemas', () => {
  it.each(Object.entries(publishedSchemas()))('%s.json in docs/reference/schemas is up to date', (name, schema) => {
    const path = join(import.meta.dirname, '../../../docs/reference/schemas', `${name}.json`);
    expect(JSON.parse(readFileSync(path, 'utf8')), 'run: npx tsx scripts/generate-schemas.ts').toEqual(schema);
  });
});
