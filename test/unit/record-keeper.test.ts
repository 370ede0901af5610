import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Counters } from '../../src/base/counters.ts';
import { silentLog } from '../../src/base/log.ts';
import type { BrokerConnection, DeliverableMessage } from '../../src/io/mqtt.ts';
import { RecordKeeper } from '../../src/record-keeper.ts';
import type { Event } from '../../src/status/event.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'branchline-keeper-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A keeper whose broker takes everything, and what that was. */
async function keeper() {
  const directory = join(folder, 'outbox');
  const clock = new VirtualClock();
  const kept = await RecordKeeper.open({ site: 'a', directory, clock, log: silentLog, counters: new Counters() });
  const delivered: DeliverableMessage[] = [];
  const broker = {
    deliver: (message: DeliverableMessage, done: (delivery: 'taken') => void) => {
      delivered.push(message);
      done('taken');
    },
  } as Partial<BrokerConnection> as BrokerConnection;
  kept.handleConnected(broker);
  const keep = (id: string) =>
    new Promise<void>((settled) => kept.keep([{ id, topic: 'cdr', payload: '{}' }], () => settled()));
  const events = () =>
    delivered
      .filter(({ topic }) => topic.endsWith('/events'))
      .map(({ payload }) => JSON.parse(String(payload)) as Event)
      .map(({ kind, what, severity }) => `${kind} ${what} ${severity}`);
  return { directory, clock, kept, keep, events };
}

it('tells once that the disk keeps no records, which go on being sent, and once that it does again', async () => {
  const { directory, clock, kept, keep, events } = await keeper();
  rmSync(directory, { recursive: true });
  writeFileSync(directory, '');
  await keep('1');
  clock.advance(5_000);
  await keep('2');
  clock.advance(5_000);
  await keep('3');
  expect(events()).toEqual(['fault disk-failed error']);
  rmSync(directory);
  mkdirSync(directory);
  clock.advance(5_000);
  await keep('4');
  // The news itself goes to the disk.
  await keep('5');
  expect(events()).toEqual(['fault disk-failed error', 'fault disk-back info']);
  await kept.close();
});
