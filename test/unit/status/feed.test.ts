import { describe, expect, it } from 'vitest';
import { Driver } from '../../../src/io/driver.ts';
import { type StatusChange, StatusFeed } from '../../../src/status/feed.ts';
import { type HealthStatus, topicSchemas } from '../../../src/status/schema.ts';
import { callStatus, takeSnapshot } from '../../../src/status/snapshot.ts';
import { formatTime, WallTime } from '../../../src/status/wall-time.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { call, hat, line, phone, type Readings, sourceOf, trunk } from './readings.ts';

const health = { version: '1.0.0', uptimeMs: 0, cpuPct: 1, memoryMb: 80, temperatureC: null };

function startFeed(readings: Readings) {
  const clock = new VirtualClock();
  const time = new WallTime();
  const source = sourceOf(readings);
  const feed = new StatusFeed(
    {
      snapshot: () => takeSnapshot(source, time, { nowMs: clock.nowMs(), wallMs: clock.wallMs() }),
      health: () => ({ ...health, hat: source.hat() }),
      wallMs: () => clock.wallMs(),
    },
    clock.nowMs(),
  );
  const changes: StatusChange[] = [];
  const driver = new Driver(feed, clock, (change) => changes.push(change));
  const since = (atMs: number) => formatTime(clock.wallMs() - clock.nowMs() + atMs);
  driver.give(() => {});
  clock.advance(1);
  return {
    clock,
    feed,
    awaitEnd: () => driver.give(() => feed.awaitEnd(call.id)),
    note: () => driver.give((nowMs) => feed.noteChange(nowMs)),
    noteCall: (state: typeof call.state, cause: 'user-busy' | null = null) =>
      driver.give((nowMs) => feed.noteCall(callStatus({ ...call, state, sinceMs: nowMs }, since), cause)),
    noteEnd: (legs: typeof call.legs) =>
      driver.give((nowMs) =>
        feed.noteCall(callStatus({ ...call, state: 'ending', sinceMs: nowMs, legs }, since), 'normal-clearing'),
      ),
    take: () => changes.splice(0),
    topics: () => changes.splice(0).map(({ topic, body }) => (body === null ? `-${topic}` : topic)),
  };
}

describe('StatusFeed', () => {
  it('tells everything at the start, then nothing while nothing changes', () => {
    const { clock, topics } = startFeed({ trunks: { hq: trunk }, lines: { 1: line }, calls: [] });
    expect(topics().sort()).toEqual(['health', 'lines/1', 'phones/211', 'trunks/hq']);
    clock.advance(59_000);
    expect(topics()).toEqual([]);
    clock.advance(2_000);
    expect(topics()).toEqual(['health']);
  });

  it('tells health again when the HAT comes or goes', () => {
    const readings = { trunks: {}, lines: { 1: line }, calls: [], hat: { ...hat, up: false } };
    const { clock, note, take } = startFeed(readings);
    const ups = () => take().flatMap(({ topic, body }) => (topic === 'health' ? (body as HealthStatus).hat?.up : []));
    expect(ups()).toEqual([false]);
    readings.hat = { ...hat, up: true };
    clock.advance(1_000);
    note();
    expect(ups()).toEqual([true]);
    readings.hat = { ...hat, up: true, crcErrors: 7 };
    clock.advance(59_000);
    expect(ups()).toEqual([]);
    clock.advance(1_000);
    expect(ups()).toEqual([true]);
  });

  it('tells a change at once, and one that follows closely with the ones after it', () => {
    const readings = { trunks: {}, lines: { 1: line }, calls: [] } as Readings;
    const { clock, note, take } = startFeed(readings);
    take();
    clock.advance(1_000);
    const told = [];
    for (const state of ['dial-tone', 'dialling', 'calling', 'busy'] as const) {
      readings.lines[1] = { ...line, hook: 'off', state };
      note();
      clock.advance(10);
      told.push(...take());
    }
    clock.advance(200);
    told.push(...take());
    expect(told.map((change) => (change.body as { state: string }).state)).toEqual(['dial-tone', 'busy']);
  });

  it('clears what is no longer there', () => {
    const readings = { trunks: { 'a/b': trunk }, lines: { 1: line, 2: line }, calls: [] } as Readings;
    const { clock, note, topics, feed } = startFeed(readings);
    topics();
    readings.trunks = {};
    readings.lines = { 2: line };
    clock.advance(1_000);
    note();
    expect(topics().sort()).toEqual(['-lines/1', '-trunks/a%2Fb']);
    expect([...feed.current()].map(([topic]) => topic).sort()).toEqual(['health', 'lines/2', 'phones/211']);
  });

  it('finds by itself what nobody announced', () => {
    const readings = { trunks: {}, lines: { 1: line }, calls: [] } as Readings;
    const { clock, topics } = startFeed(readings);
    topics();
    readings.lines[1] = { ...line, state: 'out-of-service' };
    clock.advance(5_000);
    expect(topics()).toEqual(['lines/1']);
  });

  it('tells measured values alone every half minute at most', () => {
    const readings = { trunks: { hq: trunk }, lines: {}, calls: [] } as Readings;
    const { clock, topics } = startFeed(readings);
    topics();
    let count = 0;
    for (let second = 0; second < 300; second++) {
      readings.trunks['hq'] = { ...trunk, rttMs: second };
      clock.advance(1_000);
      count += topics().filter((topic) => topic === 'trunks/hq').length;
    }
    expect(count).toBe(10);
    readings.trunks['hq'] = { ...trunk, reachable: false, reason: 'no answer to qualify for 1 s' };
    clock.advance(5_000);
    expect(topics()).toContain('trunks/hq');
  });

  it('tells measured values of phones, which are many, every five minutes at most, but the first of them at once', () => {
    const measured = (rttMs: number | null) => ({ 211: { ...phone, rttMs, lossPct: rttMs === null ? null : 0 } });
    const readings: Readings = { trunks: {}, lines: {}, calls: [], phones: measured(null) };
    const { clock, topics } = startFeed(readings);
    topics();
    readings.phones = measured(8);
    clock.advance(5_000);
    expect(topics()).toEqual(['phones/211']);
    let count = 0;
    for (let second = 0; second < 900; second++) {
      readings.phones = measured(second);
      clock.advance(1_000);
      count += topics().filter((topic) => topic === 'phones/211').length;
    }
    expect(count).toBe(3);
  });

  it('tells each state of a call, however short, and its cause at the end, once', () => {
    const { take, noteCall, clock } = startFeed({ trunks: {}, lines: {}, calls: [] });
    take();
    noteCall('dialling');
    noteCall('dialling');
    noteCall('ringing');
    noteCall('ending', 'user-busy');
    clock.advance(60_000);
    const events = take().flatMap((change) => (change.type === 'call' ? [change.body] : []));
    expect(events.map(({ event, state, cause }) => [event, state, cause])).toEqual([
      ['state', 'dialling', null],
      ['state', 'ringing', null],
      ['state', 'ending', 'user-busy'],
    ]);
  });

  it('tells the end of a call when its cause is certain, not while its legs are being taken down', () => {
    const { take, noteCall } = startFeed({ trunks: {}, lines: {}, calls: [] });
    noteCall('talking');
    take();
    noteCall('ending');
    expect(take()).toEqual([]);
    noteCall('ending', 'user-busy');
    expect(take().map(({ body }) => body)).toMatchObject([{ state: 'ending', cause: 'user-busy' }]);
  });

  it('tells the quality of a call that talks every 5 s, and its end when it is gone', () => {
    const readings = { trunks: {}, lines: {}, calls: [call] } as Readings;
    const { clock, take } = startFeed(readings);
    clock.advance(15_000);
    readings.calls = [];
    clock.advance(5_000);
    const events = take().flatMap((change) => (change.type === 'call' ? [change.body] : []));
    expect(events.map(({ event, state }) => `${event} ${state}`)).toEqual([
      'state talking',
      'quality talking',
      'quality talking',
      'quality talking',
      'quality talking',
      'state ending',
    ]);
    clock.advance(60_000);
    expect(take().filter((change) => change.type === 'call')).toEqual([]);
  });

  it('tells the states of a call in their order, though the snapshot is ahead of them', () => {
    const readings = { trunks: {}, lines: {}, calls: [] } as Readings;
    const { clock, note, noteCall, take } = startFeed(readings);
    take();
    clock.advance(1_000);
    readings.calls = [{ ...call, state: 'ringing' }];
    note();
    noteCall('dialling');
    noteCall('ringing');
    clock.advance(10_000);
    const events = take().flatMap((change) => (change.type === 'call' ? [change.body.state] : []));
    expect(events).toEqual(['dialling', 'ringing']);
  });

  it('leaves the end of a call that is gone already to the one who knows its cause', () => {
    const readings = { trunks: {}, lines: {}, calls: [call] } as Readings;
    const { clock, note, noteCall, take } = startFeed(readings);
    take();
    clock.advance(1_000);
    readings.calls = [];
    note();
    noteCall('ending', 'user-busy');
    note();
    clock.advance(60_000);
    const events = take().flatMap((change) => (change.type === 'call' ? [change.body] : []));
    expect(events.map(({ state, cause }) => [state, cause])).toEqual([['ending', 'user-busy']]);
  });

  it('tells no end before the records of the call are on the disk, however long that takes', () => {
    const readings = { trunks: {}, lines: {}, calls: [call] } as Readings;
    const { clock, awaitEnd, noteCall, take } = startFeed(readings);
    take();
    clock.advance(1_000);
    readings.calls = [];
    awaitEnd();
    clock.advance(60_000);
    expect(take().filter((change) => change.type === 'call')).toEqual([]);
    noteCall('ending', 'user-busy');
    clock.advance(60_000);
    const events = take().flatMap((change) => (change.type === 'call' ? [change.body] : []));
    expect(events.map(({ state, cause }) => [state, cause])).toEqual([['ending', 'user-busy']]);
  });

  it('tells the end of a call with the quality measured last, though its streams are closed', () => {
    const { clock, noteEnd, take } = startFeed({ trunks: {}, lines: {}, calls: [call] });
    take();
    clock.advance(1_000);
    noteEnd([{ kind: 'line', channel: 'LINE/1', statistics: undefined }]);
    const [event] = take().flatMap((change) => (change.type === 'call' ? [change.body] : []));
    expect(event?.legs.map(({ channel, lossPct, mos }) => [channel, lossPct, mos])).toEqual([
      ['IAX2/hq', 1, 3.8],
      ['LINE/1', 0, 4.4],
    ]);
  });

  it('makes a storm of changes into ten looks a second', () => {
    const readings = { trunks: {}, lines: { 1: line }, calls: [] } as Readings;
    const { clock, note, topics } = startFeed(readings);
    topics();
    for (let ms = 0; ms < 1_000; ms++) {
      readings.lines[1] = { ...line, sinceMs: ms };
      note();
      clock.advance(1);
    }
    const count = topics().length;
    expect(count).toBeGreaterThanOrEqual(9);
    expect(count).toBeLessThanOrEqual(11);
  });

  it('gives bodies that the published schemas accept', () => {
    const { take } = startFeed({ trunks: { hq: trunk }, lines: { 1: line }, calls: [call] });
    for (const { topic, body } of take()) {
      const name = topic.replace(/\/.*/, '/+') as keyof typeof topicSchemas;
      expect(topicSchemas[name].strict().parse(body), topic).toEqual(body);
    }
  });
});
