import { describe, expect, it } from 'vitest';
import type { PeerConfig } from '../../../src/iax2/endpoint.ts';
import type { LookupResult } from '../../../src/iax2/endpoint-output.ts';
import type { LookupAnswer } from '../../../src/iax2/remote-dialplan.ts';
import { Probe } from '../../support/iax2-probe.ts';
import { peer, Switch } from '../../support/iax2-world.ts';
import { Network } from '../../support/network.ts';

const A = { ip: '192.0.2.1', port: 4569 };
const B = { ip: '192.0.2.2', port: 4569 };
const EMPTY = { calls: 0, dialogs: 0, callNumbers: 0 };

/** `b` answers lookups from a table; unknown numbers do not exist there. */
function world(table: Readonly<Record<string, Partial<LookupAnswer>>>, ofA: Partial<PeerConfig> = {}) {
  const network = new Network(1);
  const a = new Switch(network, A, 1, { peers: [peer({ name: 'b', host: B.ip, username: 'a', ...ofA })] });
  const b = new Switch(network, B, 2, { peers: [peer({ name: 'a', host: A.ip, remoteDialplan: true })] });
  const asked: string[] = [];
  b.onOutput = (output, nowMs) => {
    if (output.type !== 'lookup-request') return;
    asked.push(`${output.number}@${output.context}`);
    const found = table[output.number];
    const answer: LookupAnswer = {
      status: found === undefined ? 'non-existent' : 'exists',
      matchMore: false,
      ignorePattern: false,
      ...found,
    };
    b.endpoint.answerLookup(output.id, answer, nowMs);
  };
  const lookup = (number: string, context?: string) =>
    a.command((endpoint, now) =>
      endpoint.lookup({ peer: 'b', number, ...(context === undefined ? {} : { context }) }, now),
    );
  const reported = () =>
    a.outputs.flatMap((output) => (output.type === 'lookup' ? [[output.id, output.result] as const] : []));
  return { network, a, b, asked, lookup, reported };
}

const known = (fields: Partial<Extract<LookupResult, { known: true }>>): LookupResult => ({
  known: true,
  status: 'exists',
  matchMore: false,
  ignorePattern: false,
  ...fields,
});

describe('asking another switch what numbers it has [RFC5456 §6.8]', () => {
  it('every kind of answer comes back, all numbers are asked on one call [RFC5456 §6.8.1] [RFC5456 §6.8.2] [RFC5456 §8.6.19]', () => {
    const table = {
      '71': { status: 'can-exist', matchMore: true },
      '7123': {},
      '9': { status: 'can-exist', ignorePattern: true },
    } as const;
    const { network, a, b, asked, lookup, reported } = world(table);
    const ids = ['71', '7123', '9', '5'].map((number) => lookup(number));
    expect(ids).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }]);
    network.runFor(300);
    expect(reported()).toEqual([
      [1, known({ status: 'can-exist', matchMore: true })],
      [2, known({})],
      [3, known({ status: 'can-exist', ignorePattern: true })],
      [4, known({ status: 'non-existent' })],
    ]);
    expect(asked).toEqual(['71@from-peer', '7123@from-peer', '9@from-peer', '5@from-peer']);
    expect([a.endpoint.load.dialogs, b.endpoint.load.dialogs]).toEqual([1, 1]);
    expect(b.incoming).toHaveLength(0);
    network.runFor(60_000);
    expect([a.endpoint.load, b.endpoint.load]).toEqual([EMPTY, EMPTY]);
  });

  it('an answer is kept for as long as it says, and given at once meanwhile [RFC5456 §8.6.18]', () => {
    const { network, asked, lookup } = world({ '7123': {} });
    lookup('7123');
    network.runFor(300);
    expect(lookup('7123')).toEqual(known({}));
    network.runFor(599_000);
    expect(lookup('7123')).toEqual(known({}));
    network.runFor(2_000);
    expect(lookup('7123')).toHaveProperty('id');
    network.runFor(300);
    expect(asked).toHaveLength(2);
  });

  it('the same question twice is asked once and answered twice', () => {
    const { network, asked, lookup, reported } = world({ '7123': {} });
    lookup('7123');
    lookup('7123');
    network.runFor(300);
    expect(asked).toHaveLength(1);
    expect(reported().map(([id]) => id)).toEqual([1, 2]);
  });

  it('a peer that is away is unknown within two seconds, and at once from then on', () => {
    const { network, a, b, lookup, reported } = world({});
    b.host.isDown = true;
    lookup('7123');
    network.runFor(1_900);
    const unknown = { known: false, reason: '192.0.2.2:4569 does not answer.' };
    expect(reported()).toEqual([[1, unknown]]);
    expect(lookup('7123')).toEqual(unknown);
    expect(a.endpoint.load).toEqual(EMPTY);
  });

  it('a context that may not be asked for is refused, and the reason is told', () => {
    const { network, lookup, reported } = world({});
    lookup('7123', 'secret-context');
    network.runFor(500);
    expect(reported()).toEqual([[1, { known: false, reason: 'The peer refused the lookup: No authority found.' }]]);
  });

  it('an owner that never answers leaves the question unknown after five seconds', () => {
    const { network, b, lookup, reported } = world({});
    b.onOutput = () => {};
    lookup('7123');
    network.runFor(5_000);
    expect(reported()).toEqual([[1, { known: false, reason: 'b did not answer in time.' }]]);
    network.runFor(60_000);
    expect(b.endpoint.load).toEqual(EMPTY);
  });

  it('there is no peer, no address, no call number: known at once', () => {
    const { a } = world({});
    const result = a.command((endpoint, now) => endpoint.lookup({ peer: 'nobody', number: '1' }, now));
    expect(result).toEqual({ known: false, reason: 'There is no peer nobody.' });
  });
});

describe('dialling a number that was asked about [RFC5456 §6.8.3]', () => {
  it('goes by DIAL, once, on a call to "TBD" that the far end has accepted', () => {
    const { network, a, b } = world({});
    b.onCall = (call, event, nowMs) => {
      if (event.type === 'incoming') call.answer(nowMs);
    };
    const call = a.dial('b', 'TBD');
    a.with(call, (c, now) => c.dial('7123', now));
    network.runFor(200);
    expect(b.incoming).toEqual([]);
    a.with(call, (c, now) => {
      c.dial('7123', now);
      c.dial('7124', now);
    });
    network.runFor(200);
    expect(b.eventsOf(b.incoming[0]!)).toMatchObject([{ type: 'incoming', request: { number: '7123' } }]);
    expect([call.state, b.incoming.length]).toEqual(['up', 1]);
    a.with(call, (c, now) => c.hangup('normal-clearing', now));
    network.runFor(1_000);
    expect([a.endpoint.load, b.endpoint.load]).toEqual([EMPTY, EMPTY]);
  });

  it('is nothing on a call to a number', () => {
    const { network, a, b } = world({});
    b.onCall = (call, event, nowMs) => {
      if (event.type === 'incoming') call.accept(nowMs);
    };
    const call = a.dial('b', '7123');
    network.runFor(200);
    a.with(call, (c, now) => c.dial('7124', now));
    network.runFor(200);
    expect([call.state, b.counters.snapshot()]).toEqual(['accepted', {}]);
  });
});

describe('answering lookups', () => {
  const NEW = { version: 2, calledNumber: 'TBD', username: 'phone', format: 0xffffn, capability: 0xffffn };

  function asked(fields: Partial<PeerConfig>) {
    const network = new Network(1);
    const here = new Switch(network, B, 1, {
      peers: [peer({ name: 'phone', host: 'dynamic', secrets: [], ...fields })],
    });
    const probe = new Probe(network, A, B);
    return { network, here, probe, opened: probe.open('NEW', NEW) };
  }

  it('DIAL makes a call of a lookup [RFC5456 §6.8] [RFC5456 §6.8.3]', () => {
    const { here, probe, opened } = asked({ remoteDialplan: true });
    expect(opened.map(({ name }) => name)).toEqual(['ACCEPT']);
    const destinationCall = opened[0]!.frame.sourceCall;
    probe.iax('ACK', {}, { destinationCall, oseqno: 1, iseqno: 1 });
    probe.iax('DIAL', { calledNumber: '201' }, { destinationCall, oseqno: 1, iseqno: 1 });
    expect(here.eventsOf(here.incoming[0]!)).toMatchObject([{ type: 'incoming', request: { number: '201' } }]);
    expect(here.media.opened).toBe(1);
    here.with(here.incoming[0]!, (call, now) => call.progress(now));
    expect(here.incoming[0]!.state).toBe('accepted');
  });

  it('where the peer may not ask, "TBD" is a number like any other', () => {
    const { here } = asked({});
    expect(here.eventsOf(here.incoming[0]!)).toMatchObject([{ request: { number: 'TBD' } }]);
  });
});
