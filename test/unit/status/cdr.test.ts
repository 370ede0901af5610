import { describe, expect, it } from 'vitest';
import { CSV_HEADER, callRecords, formatCsv, parseCdr } from '../../../src/status/cdr.ts';
import { cdrSchema } from '../../../src/status/schema.ts';
import { formatTime } from '../../../src/status/wall-time.ts';
import type { CallRecord, LegRecord } from '../../../src/switch/call-record.ts';
import { statistics } from './readings.ts';

const start = Date.UTC(2026, 0, 1);
const leg: LegRecord = {
  technology: 'iax2',
  channel: 'IAX2/hq',
  stream: 7,
  direction: 'out',
  startedMs: 500,
  answeredMs: 2000,
  endedMs: 9000,
  cause: 'normal-clearing',
};
const call: CallRecord = {
  id: '1767225600-1',
  from: '201',
  to: '7123',
  startedMs: 0,
  answeredMs: 2000,
  endedMs: 9010,
  cause: 'normal-clearing',
  emergency: false,
  forwardedBy: null,
  legs: [
    { ...leg, technology: 'line', channel: 'LINE/1', stream: 6, direction: 'in', startedMs: 0, endedMs: 9010 },
    leg,
    { ...leg, channel: 'IAX2/backup', stream: 8, answeredMs: null, endedMs: 700, cause: 'user-busy' },
  ],
};

function records(of: CallRecord = call) {
  let count = 0;
  return callRecords(of, {
    site: 'lyon-01',
    nextId: () => `id-${++count}`,
    time: (atMs) => formatTime(start + atMs),
    reading: ({ technology, channel, stream }) => ({
      kind: technology,
      channel,
      statistics: stream === 7 ? statistics : undefined,
    }),
  });
}

describe('the records of a call', () => {
  it('are one of each leg and one of the call, with ids of their own and one call id', () => {
    const all = records();
    expect(all.map(({ kind, id, callId }) => [kind, id, callId])).toEqual([
      ['leg', 'id-1', call.id],
      ['leg', 'id-2', call.id],
      ['leg', 'id-3', call.id],
      ['call', 'id-4', call.id],
    ]);
    for (const record of all) expect(cdrSchema.parse(record)).toEqual(record);
  });

  it('say times in RFC 3339, how long it lasted and was talked, and the cause as word and as Q.850', () => {
    expect(records()[3]).toEqual({
      kind: 'call',
      id: 'id-4',
      site: 'lyon-01',
      callId: call.id,
      from: '201',
      to: '7123',
      start: '2026-01-01T00:00:00.000Z',
      answer: '2026-01-01T00:00:02.000Z',
      end: '2026-01-01T00:00:09.010Z',
      durationMs: 9010,
      talkMs: 7010,
      cause: 'normal-clearing',
      q850: 16,
      emergency: false,
      forwardedBy: null,
    });
    expect(records()[2]).toMatchObject({ answer: null, talkMs: 0, cause: 'user-busy', q850: 17, quality: null });
  });

  it('have the quality of a leg that had sound', () => {
    expect(records()[1]).toMatchObject({
      leg: { index: 1, kind: 'iax2', channel: 'IAX2/hq', direction: 'out' },
      quality: { lossPct: 1, jitterMs: 1.3, mos: expect.any(Number) },
    });
  });

  it('are read back from their text, and nothing else is', () => {
    for (const record of records()) expect(parseCdr(JSON.stringify(record))).toEqual(record);
    expect(parseCdr('{"kind":"call"}')).toBeUndefined();
    expect(parseCdr('{')).toBeUndefined();
  });

  it('are lines of CSV under one header, quoted where they must be, and never a formula [RFC4180 §2]', () => {
    const lines = records().map(formatCsv);
    for (const line of lines) expect(line.split(',')).toHaveLength(CSV_HEADER.split(',').length);
    expect(lines[1]).toMatch(/^leg,id-2,lyon-01,.*,normal-clearing,16,1,iax2,IAX2\/hq,out,1,1\.3,/);
    const odd = formatCsv({ ...records()[3]!, from: '=1+1', to: 'a "b", c' });
    expect(formatCsv({ ...records()[3]!, from: '+33472000001' })).toContain(',+33472000001,');
    expect(odd).toContain(`,'=1+1,"a ""b"", c",`);
  });
});
