import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { type Delivery, Outbox, type OutboxMessage } from '../../../src/status/outbox.ts';

const message = (id: string, length = 10): OutboxMessage => ({ id, topic: 'cdr', payload: 'x'.repeat(length) });
const notice = (waiting: number): OutboxMessage => ({ id: `full-${waiting}`, topic: 'events', payload: '!' });

function bench(kept: readonly OutboxMessage[] = [], maxBytes = 1000) {
  const outbox = new Outbox({ maxBytes, fullNotice: notice }, kept);
  /** What it said, one word for each. */
  const drain = () => {
    const said: string[] = [];
    for (let output = outbox.poll(); output !== undefined; output = outbox.poll()) {
      if (output.type === 'store') said.push(`store ${output.messages.map(({ id }) => id).join()}`);
      else if (output.type === 'send') said.push(`send ${output.message.id}`);
      else if (output.type === 'forget') said.push(`forget ${output.ids.join()}`);
      else said.push(`dropped ${output.ids.join()}`);
    }
    return said;
  };
  return { outbox, drain };
}

describe('Outbox', () => {
  it('sends a message only when it is on the disk, and takes it off when a broker has it', () => {
    const { outbox, drain } = bench();
    outbox.handleConnected();
    outbox.add([message('a')], 0);
    expect(drain()).toEqual(['store a']);
    outbox.handleStored(false, 5);
    expect(drain()).toEqual(['send a']);
    outbox.handleDelivery('a', 1, 'taken', 9);
    expect(drain()).toEqual(['forget a']);
    expect(outbox.size).toBe(0);
    expect(outbox.nextDeadline()).toBeUndefined();
  });

  it('stores together what comes while the disk is busy', () => {
    const { outbox, drain } = bench();
    outbox.add([message('a')], 0);
    outbox.add([message('b')], 1);
    outbox.add([message('c'), message('d')], 2);
    expect(drain()).toEqual(['store a']);
    outbox.handleStored(false, 5);
    expect(drain()).toEqual(['store b,c,d']);
  });

  it('sends what an earlier run left, in its order', () => {
    const { outbox, drain } = bench([message('a'), message('b')]);
    outbox.handleConnected();
    expect(drain()).toEqual(['send a', 'send b']);
  });

  it('sends again on the next connection what was not acknowledged on this one', () => {
    const { outbox, drain } = bench([message('a'), message('b'), message('c')]);
    outbox.handleConnected();
    drain();
    outbox.handleDelivery('b', 1, 'taken', 1);
    outbox.handleDisconnected();
    outbox.handleDelivery('a', 1, 'taken', 2);
    expect(drain()).toEqual(['forget b']);
    outbox.handleConnected();
    expect(drain()).toEqual(['send a', 'send c']);
    outbox.handleDelivery('a', 1, 'taken', 3);
    expect(drain()).toEqual([]);
    outbox.handleDelivery('a', 2, 'taken', 4);
    expect(drain()).toEqual(['forget a']);
  });

  it('has sixteen on their way at most', () => {
    const { outbox, drain } = bench(Array.from({ length: 20 }, (_, n) => message(`m${n}`)));
    outbox.handleConnected();
    expect(drain()).toHaveLength(16);
    outbox.handleDelivery('m0', 1, 'taken', 1);
    expect(drain()).toEqual(['forget m0', 'send m16']);
  });

  it('keeps what nobody listens to, tries one of them after 30 s, and the rest when that is heard [MQTT5 §3.4.2.1]', () => {
    const { outbox, drain } = bench([message('a'), message('b'), message('c')]);
    outbox.handleConnected();
    drain();
    for (const id of ['a', 'b', 'c']) outbox.handleDelivery(id, 1, 'unheard', 1000);
    expect(drain()).toEqual([]);
    expect(outbox.nextDeadline()).toBe(31_000);
    outbox.handleTimeout(31_000);
    expect(drain()).toEqual(['send a']);
    outbox.handleDelivery('a', 1, 'taken', 31_010);
    expect(drain()).toEqual(['forget a', 'send b', 'send c']);
  });

  it('tries the oldest at once when another message comes, though nobody listened a moment ago', () => {
    const { outbox, drain } = bench([message('a')]);
    outbox.handleConnected();
    outbox.handleDelivery('a', 1, 'unheard', 1000);
    drain();
    outbox.add([message('b')], 2000);
    outbox.handleStored(false, 2001);
    expect(drain()).toEqual(['store b', 'send a']);
    outbox.handleDelivery('a', 1, 'taken', 2010);
    expect(drain()).toEqual(['forget a', 'send b']);
    outbox.handleDelivery('b', 1, 'unheard', 2020);
    expect(outbox.nextDeadline()).toBe(32_020);
    expect(drain()).toEqual([]);
  });

  it('waits its 5 s with a broker that refuses, whatever comes meanwhile', () => {
    const { outbox, drain } = bench([message('a')]);
    outbox.handleConnected();
    outbox.handleDelivery('a', 1, 'failed', 1000);
    drain();
    outbox.add([message('b')], 2000);
    outbox.handleStored(false, 2001);
    expect(drain()).toEqual(['store b']);
    expect(outbox.nextDeadline()).toBe(6000);
  });

  it('tries again after 5 s what the broker refused', () => {
    const { outbox, drain } = bench([message('a')]);
    outbox.handleConnected();
    drain();
    outbox.handleDelivery('a', 1, 'failed', 100);
    outbox.handleTimeout(5_099);
    expect(drain()).toEqual([]);
    outbox.handleTimeout(5_100);
    expect(drain()).toEqual(['send a']);
  });

  it('sends what the disk does not take, and gives it to the disk again while it is not delivered', () => {
    const { outbox, drain } = bench();
    outbox.handleConnected();
    outbox.add([message('a'), message('b')], 0);
    drain();
    outbox.handleStored(true, 10);
    expect(drain()).toEqual(['send a', 'send b']);
    outbox.add([message('c')], 2000);
    expect(drain()).toEqual(['send c']);
    outbox.handleDelivery('a', 1, 'taken', 3000);
    outbox.handleTimeout(5010);
    expect(drain()).toEqual(['store b,c']);
    outbox.handleDelivery('b', 1, 'taken', 5020);
    outbox.handleStored(false, 5030);
    outbox.handleDelivery('c', 1, 'taken', 5040);
    expect(drain()).toEqual(['forget b', 'forget c']);
    expect(outbox.size).toBe(0);
  });

  it('is full: tells so, on the disk and to the broker, before it drops the oldest records, and only as many as it must', () => {
    const { outbox, drain } = bench([], 1000);
    for (let n = 0; n < 10; n++) outbox.add([message(`m${n}`, 100)], n);
    drain();
    outbox.handleStored(false, 20);
    outbox.handleStored(false, 21);
    drain();
    outbox.add([message('m10', 100)], 30);
    expect(drain()).toEqual(['store m10,full-11']);
    outbox.handleStored(false, 40);
    expect(drain()).toEqual(['forget m0', 'forget m1', 'forget m2', 'dropped m0,m1,m2']);
    outbox.handleConnected();
    expect(drain()).toEqual(['m3', 'm4', 'm5', 'm6', 'm7', 'm8', 'm9', 'm10', 'full-11'].map((id) => `send ${id}`));
  });

  it('is full of events: drops the oldest of them as well, and does not grow whatever else happens', () => {
    const { outbox, drain } = bench([], 1000);
    const event = (n: number): OutboxMessage => ({ id: `e${n}`, topic: 'events', payload: 'x'.repeat(100) });
    for (let n = 0; n < 300; n++) {
      outbox.add([event(n)], n);
      outbox.handleStored(false, n);
      outbox.handleStored(false, n);
    }
    expect(drain().filter((said) => said.startsWith('dropped')).length).toBeGreaterThan(10);
    // As many as there is room for, and the notices among them.
    expect(outbox.size).toBeLessThan(20);
    outbox.handleConnected();
    const sent = drain();
    expect(sent).toContain('send e299');
    expect(sent.some((said) => said.startsWith('send full-'))).toBe(true);
  });

  it('drops records before events, and never what tells of it', () => {
    const { outbox, drain } = bench([], 1000);
    const event: OutboxMessage = { id: 'e', topic: 'events', payload: 'x'.repeat(100) };
    outbox.add([event, ...Array.from({ length: 10 }, (_, n) => message(`m${n}`, 100))], 0);
    outbox.handleStored(false, 1);
    expect(drain()).toEqual([
      'store e,m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,full-11',
      ...['forget m0', 'forget m1', 'forget m2', 'dropped m0,m1,m2'],
    ]);
  });

  it('delivers each message at least once and keeps nothing, whatever disk and connection do (seeds 1 to 200)', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SeededRandom(seed);
      const pick = (n: number) => random.integer(n);
      const { outbox } = bench([], 1_000_000);
      const delivered = new Set<string>();
      const onDisk = new Set<string>();
      let storing: string[] | undefined;
      let sent: { id: string; connection: number }[] = [];
      let added = 0;
      const drain = () => {
        for (let output = outbox.poll(); output !== undefined; output = outbox.poll()) {
          if (output.type === 'store') storing = output.messages.map(({ id }) => id);
          else if (output.type === 'send') sent.push({ id: output.message.id, connection: output.connection });
          else if (output.type === 'forget') for (const id of output.ids) onDisk.delete(id);
        }
      };
      const settleDisk = (failed: boolean, nowMs: number) => {
        if (storing === undefined) return;
        if (!failed) for (const id of storing) onDisk.add(id);
        storing = undefined;
        outbox.handleStored(failed, nowMs);
      };
      const deliver = (delivery: Delivery, nowMs: number) => {
        const [one] = sent.splice(pick(sent.length), 1);
        if (one === undefined) return;
        if (delivery === 'taken') delivered.add(one.id);
        outbox.handleDelivery(one.id, one.connection, delivery, nowMs);
      };
      let nowMs = 0;
      for (let step = 0; step < 300; step++) {
        nowMs += pick(2000);
        const what = pick(6);
        if (what === 0) outbox.add([message(`m${added++}`)], nowMs);
        else if (what === 1) settleDisk(pick(3) === 0, nowMs);
        else if (what === 2) outbox.handleConnected();
        else if (what === 3) {
          outbox.handleDisconnected();
          sent = [];
        } else if (what === 4) deliver((['taken', 'unheard', 'failed'] as const)[pick(3)]!, nowMs);
        else outbox.handleTimeout(nowMs);
        drain();
      }
      outbox.handleConnected();
      for (let step = 0; step < 1000 && (outbox.size > 0 || storing !== undefined); step++) {
        nowMs += 1000;
        outbox.handleTimeout(nowMs);
        drain();
        settleDisk(false, nowMs);
        drain();
        while (sent.length > 0) {
          deliver('taken', nowMs);
          drain();
        }
      }
      expect([...delivered].length, `seed ${seed}`).toBe(added);
      expect(outbox.size, `seed ${seed}`).toBe(0);
      expect([...onDisk], `seed ${seed}`).toEqual([]);
    }
  });
});
