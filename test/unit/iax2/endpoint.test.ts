import { describe, expect, it } from 'vitest';
import type { CallFailure, PeerConfig } from '../../../src/iax2/endpoint.ts';
import { encodeFullFrame } from '../../../src/iax2/frame.ts';
import { readFrameType } from '../../../src/iax2/frame-header.ts';
import { CONTROL_SUBCLASS, FRAME_TYPE } from '../../../src/iax2/subclass.ts';
import { Probe } from '../../support/iax2-probe.ts';
import { peer, Switch } from '../../support/iax2-world.ts';
import { Network } from '../../support/network.ts';

const A = { ip: '192.0.2.1', port: 4569 };
const B = { ip: '192.0.2.2', port: 4569 };

function pair(ofA: Partial<PeerConfig> = {}, ofB: Partial<PeerConfig> = {}) {
  const network = new Network(1);
  const a = new Switch(network, A, 1, { peers: [peer({ name: 'b', host: B.ip, username: 'a', ...ofA })] });
  const b = new Switch(network, B, 2, { peers: [peer({ name: 'a', host: A.ip, username: 'b', ...ofB })] });
  return { network, a, b };
}

/** A call that was answered. */
function talking(ofA: Partial<PeerConfig> = {}, ofB: Partial<PeerConfig> = {}) {
  const world = pair(ofA, ofB);
  const { network, a, b } = world;
  b.onCall = (call, event, nowMs) => {
    if (event.type === 'incoming') call.answer(nowMs);
  };
  const call = a.dial('b', '600');
  network.runFor(200);
  return { ...world, call, there: b.incoming[0]! };
}

const EMPTY = { calls: 0, dialogs: 0, callNumbers: 0 };

describe('a call between two endpoints [RFC5456 §6.2]', () => {
  it('is authenticated, offered, accepted, rung, answered and hung up [RFC5456 §6.2.1] [RFC5456 §8.2.5] [RFC5456 §6.2.2] [RFC5456 §6.2.3] [RFC5456 §6.2.5] [RFC5456 §6.2.6] [RFC5456 §6.2.7] [RFC5456 §6.3.3] [RFC5456 §6.3.4]', () => {
    const { network, a, b } = pair();
    const types = new Set<number>();
    network.tap = (_from, _to, bytes) => types.add(readFrameType(bytes));
    const call = a.dial('b', '600');
    network.runFor(200);
    const there = b.incoming[0]!;
    const request = {
      number: '600',
      context: 'from-peer',
      peer: 'a',
      caller: { number: '201', name: 'Front', presentation: 0, typeOfNumber: 0, transitNetwork: 0 },
    };
    expect(b.eventsOf(there)).toEqual([{ type: 'incoming', request: expect.objectContaining(request) }]);
    b.with(there, (c, now) => c.ringing(now));
    network.runFor(50);
    b.with(there, (c, now) => c.answer(now));
    network.runFor(50);
    expect(a.typesOf(call)).toEqual(['accepted', 'ringing', 'answered']);
    expect([call.state, there.state]).toEqual(['up', 'up']);
    expect(a.media.streams.get(call.stream)).toMatchObject({ kind: 'iax2', remote: B, format: 4 });
    a.with(call, (c, now) => c.hangup('normal-clearing', now));
    network.runFor(100);
    expect(b.eventsOf(there).at(-1)).toEqual({
      type: 'hangup',
      cause: 'normal-clearing',
      reason: 'Normal clearing',
      by: 'far-end',
    });
    expect([call.state, there.state]).toEqual(['gone', 'gone']);
    expect([a.endpoint.load, b.endpoint.load]).toEqual([EMPTY, EMPTY]);
    expect(types).toEqual(new Set([FRAME_TYPE.IAX, FRAME_TYPE.CONTROL]));
  });

  it('speaks to the media plane: opens at ACCEPT, closes at the end, once each', () => {
    const { network, a, b, call, there } = talking();
    const [mine, theirs] = [a.media.streams.get(call.stream)!, b.media.streams.get(there.stream)!];
    expect(mine).toMatchObject({ remote: B, format: 4 });
    expect(theirs).toMatchObject({ remote: A, format: 4 });
    if (mine.kind !== 'iax2' || theirs.kind !== 'iax2') throw new Error('not IAX2');
    expect([mine.localCall, mine.remoteCall]).toEqual([theirs.remoteCall, theirs.localCall]);
    expect(a.media.sent.get(call.stream)!.length).toBeGreaterThan(0);
    b.with(there, (c, now) => c.hangup('normal-clearing', now));
    network.runFor(100);
    expect([a.media.opened, a.media.closed, b.media.opened, b.media.closed]).toEqual([1, 1, 1, 1]);
  });

  it('carries digits with their length, hold with its music, flash, text, and frames of other switches [RFC5456 §6.4.1] [RFC5456 §6.4.2] [RFC5456 §6.4.3] [RFC5456 §6.4.4] [RFC5456 §6.4.5] [RFC5456 §6.4.6] [RFC5456 §6.10.1] [RFC5456 §6.10.4] [RFC5456 §6.10.6]', () => {
    const { network, a, b, call, there } = talking({}, { otherContexts: ['park'] });
    a.with(call, (c, now) => {
      c.sendDigit('5', 90, now);
      c.sendDigit('#', 120, now);
    });
    network.runFor(600);
    a.with(call, (c, now) => {
      c.hold(now, 'jazz');
      c.unhold(now);
      c.flash(now);
      c.sendText('grüß Gott', now);
      c.sendControl(CONTROL_SUBCLASS.RADIO_KEY, Uint8Array.of(1, 2), now);
      c.quelch(true, now);
      c.quelch(false, now);
      c.transferTo('700', 'park', now);
    });
    network.runFor(100);
    expect(b.eventsOf(there).slice(1)).toEqual([
      { type: 'digit-begin', digit: '5' },
      { type: 'digit', digit: '5', durationMs: 90 },
      { type: 'digit-begin', digit: '#' },
      { type: 'digit', digit: '#', durationMs: 120 },
      { type: 'hold', musicClass: 'jazz' },
      { type: 'unhold' },
      { type: 'flash' },
      { type: 'text', text: 'grüß Gott' },
      { type: 'control', subclass: CONTROL_SUBCLASS.RADIO_KEY, payload: Uint8Array.of(1, 2) },
      { type: 'quelch' },
      { type: 'unquelch' },
      { type: 'transfer', number: '700', context: 'park' },
    ]);
    expect(b.media.quelched.size).toBe(0);
  });

  it('takes a TRANSFER only into a context that the peer may call into; without one, into its own [RFC5456 §6.4.6]', () => {
    const { network, a, b, call, there } = talking();
    a.with(call, (c, now) => {
      c.transferTo('700', 'elsewhere', now);
      c.transferTo('701', undefined, now);
    });
    network.runFor(100);
    expect(b.eventsOf(there).slice(1)).toEqual([{ type: 'transfer', number: '701', context: 'from-peer' }]);
    expect(b.counters.get('iax2.transfer-refused')).toBe(1);
    expect(there.state).toBe('up');
  });

  it('carries three hundred digits, over the wrap of the sequence numbers [RFC5456 §8.1.1]', () => {
    const { network, a, b, call, there } = talking();
    const digits = Array.from({ length: 300 }, (_, i) => '0123456789*#'[i % 12]!).join('');
    a.with(call, (c, now) => {
      for (const digit of digits) c.sendDigit(digit, 40, now);
    });
    network.runFor(40_000);
    const heard = b.eventsOf(there).flatMap((event) => (event.type === 'digit' ? [event.digit] : []));
    expect(heard.join('')).toBe(digits);
  });

  it('sends voice that the media plane wants as a full frame, and follows a change of codec [RFC5456 §6.10] [RFC5456 §6.10.2] [RFC5456 §8.1.2]', () => {
    const { network, a, b, call, there } = talking();
    const voice = new Uint8Array(160).fill(0xff);
    a.command((endpoint, now) => endpoint.sendVoice(call.stream, 5_000, 8, voice, now));
    network.runFor(50);
    expect(b.media.formats.get(there.stream)).toBe(8);
    expect(there.format).toBe(8);
    a.command((endpoint, now) => endpoint.sendVoice(call.stream, 5_020, 2, voice, now));
    network.runFor(50);
    expect(there.format).toBe(8);
    expect(b.counters.get('iax2.unexpected-format')).toBe(1);
  });

  it('asks for a lost full voice frame with a VNAK [RFC5456 §6.9.3]', () => {
    const { network, a, b, call, there } = talking();
    network.blackhole(A, B);
    a.command((endpoint, now) => endpoint.sendVoice(call.stream, 5_000, 8, new Uint8Array(160), now));
    network.runFor(1);
    network.blackhole(A, B, false);
    b.command((endpoint, now) => endpoint.requestVoiceFormat(there.stream, now));
    network.runFor(25);
    expect(b.media.formats.get(there.stream)).toBe(8);
  });

  it('PING every 21 s and LAGRQ every 10 s keep it alive, and PONG reports what was received [RFC5456 §6.7] [RFC5456 §6.7.2] [RFC5456 §6.7.3] [RFC5456 §6.7.4] [RFC5456 §6.7.5]', () => {
    const { network, a, b, call } = talking();
    const seen: number[] = [];
    network.tap = (from, _to, bytes) => {
      if (from === A && bytes[10] === FRAME_TYPE.IAX) seen.push(bytes[11]!);
    };
    network.runFor(600_000);
    expect(seen.filter((subclass) => subclass === 11)).toHaveLength(60);
    expect(seen.filter((subclass) => subclass === 2).length).toBeGreaterThanOrEqual(28);
    expect(call.state).toBe('up');
    expect(b.counters.snapshot()).toEqual({});
    expect(a.counters.snapshot()).toEqual({});
  });

  it('calls that began at different times ask whether they stand together, each 10 s', () => {
    const { network, a } = talking();
    for (let more = 0; more < 9; more++) {
      a.dial('b', '600');
      network.runFor(7);
    }
    const askedMs: number[] = [];
    network.tap = (from, _to, bytes) => {
      if (from === A && bytes[10] === FRAME_TYPE.IAX && bytes[11] === 11) askedMs.push(network.nowMs);
    };
    network.runFor(55_000);
    expect(askedMs).toHaveLength(50);
    // Ten calls within 300 ms: on a grid of 100 ms these are four times at most.
    expect(new Set(askedMs).size).toBeLessThanOrEqual(5 * 4);
  });

  it('keeps what the far end says of our voice, and how long the way is [RFC5456 §6.7.3] [RFC5456 §8.6.36–8.6.41]', () => {
    const { network, a, b, call, there } = talking();
    expect(call.farReport).toBeUndefined();
    const counts = { received: 90, sent: 0, lost: 10, late: 0, outOfOrder: 2, dropped: 3, jitterMs: 7, delayMs: 40 };
    b.media.counts.set(there.stream, counts);
    network.runFor(60_000);
    expect(a.endpoint.farReport(call.stream)).toEqual({ farLostPct: 10, farJitterMs: 7, rttMs: 20 });
  });

  it('ends within 20 s when the network is cut, at both ends, and the reason says so [RFC5456 §6.6] [RFC5456 §7]', () => {
    const { network, a, b, call, there } = talking();
    network.runFor(3_000);
    network.blackhole(A, B);
    network.blackhole(B, A);
    network.runFor(20_000);
    for (const [one, leg] of [
      [a, call],
      [b, there],
    ] as const)
      expect(one.eventsOf(leg).at(-1)).toMatchObject({
        type: 'hangup',
        cause: 'destination-out-of-order',
        by: 'timeout',
        reason: expect.stringMatching(/^192\.0\.2\.\d:4569 does not answer any more\.$/),
      });
    network.runFor(60_000);
    expect([a.endpoint.load, b.endpoint.load]).toEqual([EMPTY, EMPTY]);
  });

  it('a HANGUP whose ACK was lost is acknowledged again after the call is gone [RFC5456 §6.2.5]', () => {
    const { network, a, b, call, there } = talking();
    network.blackhole(B, A);
    a.with(call, (c, now) => c.hangup('normal-clearing', now));
    network.runFor(30);
    expect(there.state).toBe('gone');
    expect(call.state).toBe('ending');
    network.blackhole(B, A, false);
    network.runFor(3_000);
    expect(call.state).toBe('gone');
    expect(b.counters.get('iax2.ended-call')).toBe(1);
  });

  it('hung up before the far end answered leaves nothing behind at either end', () => {
    const { network, a, b } = pair();
    const call = a.dial('b');
    network.runFor(35);
    a.with(call, (c, now) => c.hangup('normal-clearing', now));
    network.runFor(40_000);
    expect(a.typesOf(call)).toEqual(['hangup']);
    expect([a.endpoint.load, b.endpoint.load]).toEqual([EMPTY, EMPTY]);
    expect(b.incoming).toHaveLength(0);
  });

  it.each([
    ['busy', 'busy'],
    ['congestion', 'congestion'],
  ] as const)('%s is told while the call stands', (verb, type) => {
    const { network, a, b } = pair();
    b.onCall = (leg, event, nowMs) => {
      if (event.type === 'incoming') leg[verb](nowMs);
    };
    const call = a.dial('b');
    network.runFor(200);
    expect(a.typesOf(call)).toEqual(['accepted', type]);
    expect(call.state).toBe('accepted');
  });

  it('an owner that never decides loses the call to a timer', () => {
    const { network, a, b } = pair();
    const call = a.dial('b');
    network.runFor(100_000);
    expect(a.eventsOf(call).at(-1)).toMatchObject({ type: 'hangup', cause: 'timer-expired' });
    expect([a.endpoint.load, b.endpoint.load]).toEqual([EMPTY, EMPTY]);
  });

  it('a caller ID of a phone is ours to say; that of a switch fills in where a call names nobody', () => {
    const callerId = { number: '4711', name: 'Desk' };
    const { network, a, b } = pair({ callerId }, { callerId, type: 'user' });
    a.dial('b', '600', { caller: { number: '', name: '' } });
    network.runFor(200);
    const [event] = b.eventsOf(b.incoming[0]!);
    expect(event?.type === 'incoming' && event.request.caller).toEqual(callerId);
  });

  it('frames that mean nothing in the state of the call are acknowledged, counted and passed over [RFC5456 §6.3.1]', () => {
    const network = new Network(1);
    const here = new Switch(network, A, 1, { peers: [peer({ name: 'phone', host: 'dynamic', secrets: [] })] });
    const probe = new Probe(network, B, A);
    const [first] = probe.open('NEW', { version: 2, username: 'phone', calledNumber: '600', capability: 4n });
    const destinationCall = first!.frame.sourceCall;
    const ringing = encodeFullFrame({
      sourceCall: 7,
      destinationCall,
      oseqno: 1,
      frameType: FRAME_TYPE.CONTROL,
      subclass: CONTROL_SUBCLASS.ANSWER,
    });
    expect(probe.sendBytes(ringing).map(({ name }) => name)).toEqual(['ACK']);
    expect(probe.iax('TXREADY', {}, { destinationCall, oseqno: 2 }).map(({ name }) => name)).toEqual(['ACK']);
    expect(here.counters.get('iax2.out-of-state')).toBe(2);
    expect(here.incoming[0]!.state).toBe('offered');
  });

  it('a message that nobody knows is answered with UNSUPPORT [RFC5456 §6.9.5]', () => {
    const network = new Network(1);
    new Switch(network, A, 1, { peers: [peer({ name: 'phone', host: 'dynamic', secrets: [] })] });
    const probe = new Probe(network, B, A);
    const [first] = probe.open('NEW', { version: 2, username: 'phone', calledNumber: '600', capability: 4n });
    const destinationCall = first!.frame.sourceCall;
    const heard = probe.send({ destinationCall, oseqno: 1, subclass: 99 });
    expect(heard).toMatchObject([{ name: 'UNSUPPORT', ies: { iaxUnknown: 99 } }]);
    const known = probe.iax('MWI', {}, { destinationCall, oseqno: 2, iseqno: 1 });
    expect(known).toMatchObject([{ name: 'UNSUPPORT', ies: { iaxUnknown: 32 } }]);
  });

  it('a far end that began anew under the same call number has forgotten the call before', () => {
    const network = new Network(1);
    const here = new Switch(network, A, 1, { peers: [peer({ name: 'phone', host: 'dynamic', secrets: [] })] });
    const probe = new Probe(network, B, A);
    const ies = { version: 2, username: 'phone', calledNumber: '600', capability: 4n };
    const [first] = probe.open('NEW', ies);
    here.with(here.incoming[0]!, (call, now) => call.answer(now));
    probe.iax('ACK', {}, { destinationCall: first!.frame.sourceCall, oseqno: 1, iseqno: 2 });
    network.runFor(15_500);
    const [token] = probe.iax('NEW', { ...ies, callToken: new Uint8Array(0) }, { timestamp: 4 });
    probe.iax('NEW', { ...ies, callToken: token!.ies.callToken! }, { timestamp: 24 });
    expect(here.eventsOf(here.incoming[0]!).at(-1)).toMatchObject({
      type: 'hangup',
      cause: 'destination-out-of-order',
    });
    expect(here.incoming).toHaveLength(2);
    expect(here.endpoint.load.calls).toBe(1);
  });
});

describe('placing a call that cannot be', () => {
  const QUALIFIED = { qualify: { everyMs: 2_000, timeoutMs: 1_000 } };

  function refused(one: Switch, peerName: string): CallFailure {
    const stream = one.streams.next();
    const caller = { number: '', name: '' };
    const result = one.command((endpoint, now) =>
      endpoint.placeCall({ peer: peerName, number: '1', caller, stream }, now),
    );
    if (!('failed' in result)) throw new Error('it was placed');
    return result;
  }

  it('fails within two seconds towards a peer that is dead and not known to be', () => {
    const { network, a, b } = pair();
    b.host.isDown = true;
    const call = a.dial('b');
    network.runFor(1_899);
    expect(call.state).toBe('calling');
    network.runFor(1);
    expect(a.eventsOf(call)).toEqual([
      {
        type: 'hangup',
        cause: 'destination-out-of-order',
        reason: '192.0.2.2:4569 does not answer.',
        by: 'timeout',
      },
    ]);
    expect(a.endpoint.load).toEqual(EMPTY);
  });

  it.each([500, 800, 4_000, 30_000])('waits as long as its peer is given, %i ms, and no longer', (autokillMs) => {
    const { network, a, b } = pair({ autokillMs });
    b.host.isDown = true;
    const sent: number[] = [];
    network.tap = () => sent.push(network.nowMs);
    const call = a.dial('b');
    network.runFor(autokillMs - 1);
    expect(call.state).toBe('calling');
    network.runFor(1);
    expect(a.typesOf(call)).toEqual(['hangup']);
    const waits = sent.slice(1).map((at, i) => at - sent[i]!);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
    expect(a.endpoint.load).toEqual(EMPTY);
  });

  it('fails at once towards a peer that is known to be dead, and goes again when it is back', () => {
    const { network, a, b } = pair(QUALIFIED);
    network.runFor(1_000);
    expect(a.endpoint.peerStatus('b')).toMatchObject({ reachable: true, rttMs: 20, reason: null });
    b.host.isDown = true;
    network.runFor(5_000);
    expect(refused(a, 'b')).toEqual({
      failed: 'destination-out-of-order',
      reason: '192.0.2.2:4569 did not answer within 1000 ms.',
    });
    b.host.isDown = false;
    network.runFor(3_000);
    expect(a.endpoint.peerStatus('b')).toMatchObject({ reachable: true, reason: null });
    a.dial('b');
    expect(a.outputs.filter(({ type }) => type === 'peer-state')).toHaveLength(3);
  });

  it('goes for all that where it insists', () => {
    const { network, a, b } = pair(QUALIFIED);
    b.host.isDown = true;
    network.runFor(5_000);
    refused(a, 'b');
    b.host.isDown = false;
    a.dial('b', '600', { insist: true });
    network.runFor(100);
    expect(b.endpoint.load.calls).toBe(1);
  });

  it('one lost burst of POKEs does not make a peer unreachable', () => {
    const { network, a, b } = pair(QUALIFIED);
    network.runFor(1_900);
    b.host.isDown = true;
    network.runFor(1_000);
    b.host.isDown = false;
    network.runFor(10_000);
    expect(a.outputs.filter(({ type }) => type === 'peer-state')).toHaveLength(1);
  });

  it('names the reason: a user, a peer that is not registered, one that is full, a name without address', () => {
    const network = new Network(1);
    const a = new Switch(network, A, 1, {
      peers: [
        peer({ name: 'user', host: B.ip, type: 'user' }),
        peer({ name: 'away', host: 'dynamic' }),
        peer({ name: 'full', host: B.ip, maxCalls: 0 }),
        peer({ name: 'named', host: 'nowhere.example' }),
      ],
    });
    a.dns.set('nowhere.example', []);
    a.command((endpoint, now) => endpoint.handleResolved('nowhere.example', [], now));
    expect(['user', 'away', 'full', 'named'].map((name) => refused(a, name))).toEqual([
      { failed: 'no-route', reason: 'user is a user: it calls us, we do not call it.' },
      { failed: 'destination-out-of-order', reason: 'away is not registered here.' },
      { failed: 'no-circuit', reason: 'full has as many calls as it may have.' },
      { failed: 'destination-out-of-order', reason: 'The name nowhere.example could not be resolved.' },
    ]);
  });

  it('is no reason for an emergency call that the peer is full', () => {
    const network = new Network(1);
    const a = new Switch(network, A, 1, { peers: [peer({ name: 'full', host: B.ip, maxCalls: 0 })] });
    const order = { peer: 'full', number: '112', caller: { number: '', name: '' }, stream: 1 };
    expect(a.endpoint.placeCall(order, network.nowMs)).toMatchObject({ failed: 'no-circuit' });
    expect(a.endpoint.placeCall({ ...order, emergency: true }, network.nowMs)).not.toHaveProperty('failed');
  });

  it('a wrong secret ends in "No authority found", cause 50 [RFC5456 §6.2.4] [RFC5456 §8.6.33]', () => {
    const { network, a } = pair({ secrets: ['wrong'] });
    const call = a.dial('b');
    network.runFor(200);
    expect(a.eventsOf(call)).toEqual([
      { type: 'hangup', cause: 'facility-not-subscribed', reason: 'No authority found', by: 'far-end' },
    ]);
  });

  it('no secret where one is asked for is said in a sentence', () => {
    const { network, a } = pair({ secrets: [] });
    const call = a.dial('b');
    network.runFor(200);
    expect(a.eventsOf(call)[0]).toMatchObject({ cause: 'facility-not-subscribed', by: 'local' });
  });
});

describe('hosts by name', () => {
  it('a call waits for the address of a host that is no configured peer, with its own user and secret', () => {
    const { network, a, b } = pair();
    a.dns.set('b.example', [{ ip: B.ip }]);
    const call = a.dial('b.example', '600', { username: 'a', secret: 's3cret' });
    network.runFor(200);
    expect(b.incoming).toHaveLength(1);
    expect(call.peer).toBe('b.example');
  });

  it('a port in the dial string is used', () => {
    const network = new Network(1);
    const a = new Switch(network, A, 1, { peers: [] });
    const b = new Switch(network, { ip: B.ip, port: 5_000 }, 2, { peers: [peer({ name: 'a', host: 'dynamic' })] });
    a.dns.set('b.example', [{ ip: B.ip }]);
    a.dial('b.example:5000', '600', { username: 'a', secret: 's3cret' });
    a.dial(`${B.ip}:5000`, '600', { username: 'a', secret: 's3cret' });
    network.runFor(200);
    expect(b.incoming).toHaveLength(2);
  });

  it('a name that does not resolve, or not in time, fails within two seconds', () => {
    const { network, a } = pair();
    a.dns.set('gone.example', []);
    const gone = a.dial('gone.example');
    const slow = a.dial('slow.example');
    network.runFor(1_900);
    expect(a.eventsOf(gone)).toMatchObject([{ type: 'hangup', cause: 'destination-out-of-order' }]);
    expect(a.eventsOf(slow)).toMatchObject([{ type: 'hangup', cause: 'destination-out-of-order' }]);
    expect(a.endpoint.load).toEqual(EMPTY);
    a.command((endpoint, now) => endpoint.handleResolved('slow.example', [{ ip: B.ip }], now));
    expect(a.endpoint.load).toEqual(EMPTY);
  });

  it('a registration looks its host up at every attempt and follows a new address', () => {
    const network = new Network(1);
    const old = new Switch(network, B, 1, { peers: [peer({ name: 'lyon', host: 'dynamic' })] });
    const fresh = new Switch(network, { ip: '192.0.2.3', port: 4569 }, 2, {
      peers: [peer({ name: 'lyon', host: 'dynamic' })],
    });
    const hq = peer({ name: 'hq', host: 'hq.example', username: 'lyon', register: { refreshS: 60 } });
    const a = new Switch(network, A, 3, { peers: [hq] });
    expect(a.outputs).toContainEqual({ type: 'resolve', host: 'hq.example', purpose: 'registration' });
    a.dns.set('hq.example', [{ ip: B.ip }]);
    network.runFor(20_000);
    expect(old.endpoint.bindings).toHaveLength(1);
    a.dns.set('hq.example', [{ ip: '192.0.2.3' }]);
    network.runFor(60_000);
    expect(fresh.endpoint.bindings).toHaveLength(1);
  });

  it('is where its SRV records say, unless a port is told; two peers may be at one host', () => {
    const network = new Network(1);
    const places = [B, { ip: B.ip, port: 4_570 }].map(
      (address, i) => new Switch(network, address, i, { peers: [peer({ name: 'lyon', host: 'dynamic' })] }),
    );
    const register = { refreshS: 60 };
    const here = { host: 'hq.example', username: 'lyon', register };
    const a = new Switch(network, A, 3, { peers: [peer({ name: 'hq', ...here })] });
    a.dns.set('hq.example', [{ ip: B.ip, port: 4_570 }, { ip: B.ip }]);
    network.runFor(20_000);
    expect(places.map(({ endpoint }) => endpoint.bindings.length)).toEqual([0, 1]);
    a.command((endpoint, nowMs) =>
      endpoint.configure([peer({ name: 'hq', ...here }), peer({ name: 'plain', ...here, port: 4_569 })], nowMs),
    );
    network.runFor(20_000);
    expect(places.map(({ endpoint }) => endpoint.bindings.length)).toEqual([1, 1]);
    expect(['hq', 'plain'].map((name) => a.endpoint.peerStatus(name)?.address)).toEqual([
      `${B.ip}:4570`,
      `${B.ip}:4569`,
    ]);
  });

  it('an unresolvable name is a timeout with a sentence', () => {
    const network = new Network(1);
    const hq = peer({ name: 'hq', host: 'hq.example', username: 'lyon', register: { refreshS: 60 } });
    const a = new Switch(network, A, 3, { peers: [hq] });
    network.runFor(6_000);
    expect(a.endpoint.peerStatus('hq')!.registration).toMatchObject({
      state: 'timeout',
      reason: 'The name hq.example could not be resolved in time.',
    });
  });
});

describe('the registrar', () => {
  function registered(refreshS: number) {
    const network = new Network(1);
    const centre = new Switch(network, B, 1, {
      peers: [peer({ name: 'lyon', host: 'dynamic', mailbox: { newMessages: 2, oldMessages: 1 } })],
    });
    const hq = peer({ name: 'hq', host: B.ip, username: 'lyon', register: { refreshS } });
    const branch = new Switch(network, A, 2, { peers: [hq] });
    network.runFor(500);
    return { network, centre, branch };
  }

  it.each([
    [1, 10],
    [60, 60],
    [60_000, 3_600],
  ])('grants %i s of refresh as %i s', (wanted, granted) => {
    const { branch, centre } = registered(wanted);
    expect(branch.endpoint.peerStatus('hq')!.registration).toMatchObject({ state: 'registered', refreshS: granted });
    expect(centre.endpoint.bindings).toMatchObject([{ refreshS: granted }]);
  });

  it('tells waiting messages and our address [RFC5456 §6.1.1] [RFC5456 §6.1.4] [RFC5456 §8.6.17] [RFC5456 §8.6.23]', () => {
    const { branch } = registered(60);
    expect(branch.endpoint.peerStatus('hq')!.registration).toMatchObject({
      apparent: '192.0.2.1:4569',
      messages: { newMessages: 2, oldMessages: 1 },
    });
  });

  it('passes on what our own registrar told us of messages last, as soon as the phone registers again [RFC5456 §8.6.23]', () => {
    const network = new Network(1);
    const [D, C] = [
      { ip: '192.0.2.4', port: 4569 },
      { ip: '192.0.2.3', port: 4569 },
    ];
    const office = (mailbox?: PeerConfig['mailbox']) =>
      peer({ name: 'office', host: 'dynamic', ...(mailbox === undefined ? {} : { mailbox }) });
    const centre = new Switch(network, C, 1, { peers: [office()] });
    const register = { refreshS: 60 };
    const branch = new Switch(network, B, 2, {
      peers: [
        peer({ name: 'centre', host: C.ip, username: 'office', register }),
        peer({ name: 'phone', host: 'dynamic', mailbox: { at: 'centre' } }),
      ],
    });
    network.runFor(500);
    const phone = new Switch(network, D, 3, { peers: [peer({ name: 'b', host: B.ip, username: 'phone', register })] });
    const told = () => phone.endpoint.peerStatus('b')!.registration!.messages;
    const news = () => branch.outputs.filter((output) => output.type === 'registration').length;
    network.runFor(500);
    expect(told()).toBeNull();
    for (const messages of [
      { newMessages: 3, oldMessages: 4 },
      { newMessages: 0, oldMessages: 7 },
    ]) {
      const before = news();
      centre.command((endpoint, now) => endpoint.configure([office(messages)], now));
      network.runFor(130_000);
      expect(told()).toEqual(messages);
      expect(news()).toBe(before + 1);
    }
    centre.host.isDown = true;
    network.runFor(300_000);
    expect(told()).toEqual({ newMessages: 0, oldMessages: 7 });
  });

  it('calls a peer where it registered, and forgets it ten seconds after its refresh time [RFC5456 §6.1.2] [RFC5456 §7.2.2]', () => {
    const { network, centre, branch } = registered(60);
    centre.dial('lyon', '201');
    network.runFor(200);
    expect(branch.incoming).toHaveLength(1);
    branch.host.isDown = true;
    network.runFor(70_000);
    expect(centre.endpoint.bindings).toEqual([]);
    expect(centre.outputs.filter(({ type }) => type === 'binding').at(-1)).toEqual({
      type: 'binding',
      peer: 'lyon',
      binding: null,
    });
  });

  it('hears again at once from a branch that missed it: it may have forgotten where the branch is', () => {
    const network = new Network(1);
    const centre = new Switch(network, B, 1, { peers: [peer({ name: 'lyon', host: 'dynamic' })] });
    const register = { refreshS: 3_600 };
    const hq = peer({
      name: 'hq',
      host: B.ip,
      username: 'lyon',
      register,
      qualify: { everyMs: 2_000, timeoutMs: 1_000 },
    });
    const branch = new Switch(network, A, 2, { peers: [hq] });
    network.runFor(500);
    const known = () => centre.endpoint.bindings.length;
    expect(known()).toBe(1);
    centre.host.isDown = true;
    network.runFor(10_000);
    expect(branch.endpoint.peerStatus('hq')).toMatchObject({ reachable: false });
    centre.restart();
    centre.host.isDown = false;
    expect(known()).toBe(0);
    network.runFor(3_000);
    expect(branch.endpoint.peerStatus('hq')).toMatchObject({ reachable: true, registration: { state: 'registered' } });
    expect(known()).toBe(1);
  });

  it('keeps bindings over a restart if they are handed back, but no longer than they were granted', () => {
    const { network, centre, branch } = registered(60);
    const { bindings } = centre.endpoint;
    centre.restart();
    centre.command((endpoint, now) => endpoint.start(now, bindings));
    expect(centre.endpoint.peerStatus('lyon')!.address).toBe('192.0.2.1:4569');
    branch.host.isDown = true;
    network.runFor(70_000);
    expect(centre.endpoint.bindings).toEqual([]);
  });

  it('refuses a wrong secret and an unknown name in the same way [RFC5456 §6.1.5]', () => {
    const network = new Network(1);
    new Switch(network, B, 1, { peers: [peer({ name: 'lyon', host: 'dynamic' })] });
    const hq = (username: string) =>
      peer({ name: 'hq', host: B.ip, username, secrets: ['wrong'], register: { refreshS: 60 } });
    const reasons = ['lyon', 'none'].map((username, i) => {
      const branch = new Switch(network, { ip: '192.0.2.7', port: i + 1 }, i + 2, { peers: [hq(username)] });
      network.runFor(500);
      const { state, reason } = branch.endpoint.peerStatus('hq')!.registration!;
      return `${state}: ${reason}`;
    });
    expect(reasons).toEqual([
      'rejected: 192.0.2.2:4569 refused to register lyon (Registration Refused, cause 29): check user name and secret.',
      'rejected: 192.0.2.2:4569 refused to register none (Registration Refused, cause 29): check user name and secret.',
    ]);
  });

  it('a peer that asks for what is not configured is no-auth [RFC5456 §6.1.3]', () => {
    const network = new Network(1);
    new Switch(network, B, 1, { peers: [peer({ name: 'lyon', host: 'dynamic' })] });
    const hq = peer({ name: 'hq', host: B.ip, username: 'lyon', secrets: [], register: { refreshS: 60 } });
    const branch = new Switch(network, A, 2, { peers: [hq] });
    network.runFor(500);
    expect(branch.endpoint.peerStatus('hq')!.registration).toMatchObject({
      state: 'no-auth',
      reason: '192.0.2.2:4569 asks for a secret or key that is not configured for it.',
    });
  });
});

describe('a change of configuration', () => {
  it('leaves calls and unchanged peers alone, and follows the rest', () => {
    const { network, a, b, call } = talking();
    const before = a.endpoint.peerStatus('b');
    a.command((endpoint, now) =>
      endpoint.configure([peer({ name: 'b', host: B.ip, username: 'a' }), peer({ name: 'c', host: '192.0.2.9' })], now),
    );
    expect(a.endpoint.peerStatuses.map(({ name }) => name)).toEqual(['b', 'c']);
    expect(a.endpoint.peerStatus('b')).toEqual(before);
    a.command((endpoint, now) => endpoint.configure([], now));
    expect(call.state).toBe('up');
    b.with(b.incoming[0]!, (c, now) => c.hangup('normal-clearing', now));
    network.runFor(100);
    expect(a.endpoint.load).toEqual(EMPTY);
  });

  it('no secret appears in anything that the endpoint says', () => {
    const { network, a, b } = pair({ register: { refreshS: 60 } }, { host: 'dynamic' });
    network.runFor(1_000);
    a.dial('b');
    network.runFor(1_000);
    expect(JSON.stringify([a.outputs, b.outputs, a.endpoint.peerStatuses])).not.toContain('s3cret');
  });
});
