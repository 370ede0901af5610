import { beforeEach, describe, expect, it } from 'vitest';
import { utf8Decode, utf8Encode } from '../../../src/base/bytes.ts';
import type { Call } from '../../../src/sip/endpoint.ts';
import { FAIR, Network } from '../../support/network.ts';
import { office, phone, SipSwitch } from '../../support/sip-world.ts';

const CENTRE = { ip: '192.0.2.10', port: 5060 };
const PHONE = { ip: '192.0.2.21', port: 5060 };

let network: Network;
let centre: SipSwitch;
let desk: SipSwitch;
let wire: string[];

function start(phoneFields = {}, trunkFields = {}): void {
  network = new Network(1, { ...FAIR, minDelayMs: 5, maxDelayMs: 5 });
  centre = new SipSwitch(network, CENTRE, 1, { phones: [phone('211', phoneFields)] });
  desk = new SipSwitch(network, PHONE, 2, { trunks: [office(CENTRE, '211', trunkFields)] });
  network.runFor(1_000);
  wire = [];
  network.tap = (_from, _to, bytes) => {
    const text = utf8Decode(bytes);
    const method = /^CSeq: \d+ (\S+)/m.exec(text)?.[1] ?? '';
    wire.push(/^SIP\/2\.0 (\d+)/.exec(text)?.[1]?.concat(' ', method) ?? method);
  };
}

beforeEach(() => start());

/** The desk calls 600; the centre does with it what the test says. */
function callIn(onIncoming: (call: Call, nowMs: number) => void = () => {}): { caller: Call; callee: Call } {
  centre.onCall = (call, event, nowMs) => {
    if (event.type === 'incoming') onIncoming(call, nowMs);
  };
  const caller = desk.dial('office', '600');
  network.runFor(1_000);
  return { caller, callee: centre.incoming.at(-1)! };
}

function callUp() {
  const calls = callIn((call, nowMs) => call.answer(nowMs));
  network.runFor(1_000);
  expect(calls.caller.state).toBe('up');
  wire.length = 0;
  return calls;
}

function expectEmpty(): void {
  network.runFor(200_000);
  for (const one of [centre, desk]) {
    expect(one.endpoint.load).toEqual({ calls: 0, dialogs: 0, subscriptions: 0, transactions: 0 });
    expect([...one.media]).toEqual([]);
  }
  desk.command((endpoint, nowMs) => endpoint.stop(nowMs));
  network.runFor(700_000);
  for (const one of [centre, desk]) {
    expect(one.endpoint.isIdle).toBe(true);
    expect(one.endpoint.nextDeadline()).toBeUndefined();
  }
}

describe('a call from a phone [RFC3665 §3.1]', () => {
  it('is challenged, rings, is answered, and ends; both sides tell the same', () => {
    const { caller, callee } = callIn((call, nowMs) => call.ringing(nowMs));
    expect(wire).toEqual(['INVITE', '401 INVITE', 'ACK', 'INVITE', '180 INVITE']);
    expect(centre.eventOf(callee, 'incoming')?.request).toEqual({
      number: '600',
      context: 'office',
      peer: '211',
      caller: { number: '201', name: 'Front' },
      redirectingNumber: null,
    });
    centre.with(callee, (call, nowMs) => call.answer(nowMs));
    network.runFor(100);
    expect(desk.typesOf(caller)).toEqual(['proceeding', 'ringing', 'media', 'answered']);
    expect(caller.media).toMatchObject({
      codec: 'ulaw',
      remote: { ip: CENTRE.ip },
      telephoneEventType: 101,
      direction: 'sendrecv',
    });
    expect(callee.media).toMatchObject({ codec: 'ulaw', remote: { ip: PHONE.ip } });
    desk.with(caller, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    network.runFor(100);
    expect(wire.slice(5)).toEqual(['200 INVITE', 'ACK', 'BYE', '200 BYE']);
    expect(centre.eventOf(callee, 'hangup')).toMatchObject({ cause: 'normal-clearing', by: 'far-end' });
    expect(desk.eventOf(caller, 'hangup')).toMatchObject({ cause: 'normal-clearing', by: 'local' });
    expectEmpty();
  });

  it.each([
    ['user-busy', '486 INVITE'],
    ['unallocated-number', '404 INVITE'],
    ['call-rejected', '603 INVITE'],
    ['no-circuit', '503 INVITE'],
  ] as const)('that is refused as %s says so, with its Q.850 cause', (cause, line) => {
    const { caller } = callIn((call, nowMs) => call.hangup(cause, nowMs));
    expect(wire).toContain(line);
    expect(desk.typesOf(caller)).toEqual(['hangup']);
    expect(desk.eventOf(caller, 'hangup')).toMatchObject({ cause, by: 'far-end' });
    expectEmpty();
  });

  it('that the caller gives up is cancelled [RFC3665 §3.8]', () => {
    const { caller, callee } = callIn((call, nowMs) => call.ringing(nowMs));
    desk.with(caller, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    network.runFor(100);
    expect(wire.slice(5)).toEqual(['CANCEL', '200 CANCEL', '487 INVITE', 'ACK']);
    expect(centre.eventOf(callee, 'hangup')).toMatchObject({ by: 'far-end', reason: 'The caller hung up.' });
    expect(desk.typesOf(caller).filter((type) => type === 'hangup')).toHaveLength(1);
    expectEmpty();
  });

  it('may ring for minutes, since that is said again each minute [RFC3261 §13.3.1.1]', () => {
    const { caller, callee } = callIn((call, nowMs) => call.ringing(nowMs));
    network.runFor(400_000);
    expect(desk.typesOf(caller)).toEqual(['proceeding', 'ringing']);
    expect(callee.state).toBe('early');
    network.runFor(201_000);
    expect(desk.eventOf(caller, 'hangup')).toMatchObject({ cause: 'no-answer' });
    expectEmpty();
  });

  it('that is given up before anybody said a word is cancelled as soon as that is legal', () => {
    const caller = desk.dial('office', '600');
    desk.with(caller, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    network.runFor(2_000);
    expect(desk.typesOf(caller)).toEqual(['hangup']);
    expect(centre.incoming).toEqual([]);
    expectEmpty();
  });

  it('plays early media with a response that must arrive, and the 2xx waits for that [RFC3262 §5]', () => {
    const { caller, callee } = callIn((call, nowMs) => {
      call.progress(nowMs);
      call.answer(nowMs);
    });
    network.runFor(1_000);
    expect(wire.slice(4)).toEqual(['183 INVITE', 'PRACK', '200 PRACK', '200 INVITE', 'ACK']);
    expect(desk.typesOf(caller)).toEqual(['proceeding', 'media', 'progress', 'answered']);
    expect(callee.state).toBe('up');
    centre.with(callee, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    network.runFor(100);
    expectEmpty();
  });

  it('of a phone without a context, or with enough calls, is refused', () => {
    centre = new SipSwitch(network, { ...CENTRE, port: 5080 }, 3, {
      phones: [phone('211', { maxCalls: 1 }), { user: '212', secret: { password: 'secret 212' }, codecs: ['ulaw'] }],
    });
    desk = new SipSwitch(network, { ...PHONE, port: 5090 }, 4, {
      trunks: [office(centre.address, '211'), { ...office(centre.address, '212'), name: 'other' }],
    });
    centre.onCall = (call, event, nowMs) => {
      if (event.type === 'incoming') call.answer(nowMs);
    };
    const [first, second, third] = [desk.dial('office'), desk.dial('office'), desk.dial('other')];
    network.runFor(1_000);
    expect(first.state).toBe('up');
    expect(desk.eventOf(second, 'hangup')).toMatchObject({ cause: 'user-busy' });
    expect(desk.eventOf(third, 'hangup')).toMatchObject({ cause: 'call-rejected' });
    desk.with(first, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    expectEmpty();
  });
});

describe('a call that must go through', () => {
  it('is taken from a phone without a context, or with enough calls, and from no trunk that is full', () => {
    centre = new SipSwitch(network, { ...CENTRE, port: 5080 }, 3, {
      phones: [phone('211', { maxCalls: 1 }), { user: '212', secret: { password: 'secret 212' }, codecs: ['ulaw'] }],
      mustGoThrough: (context, number) => number === '112' && ['office', ''].includes(context),
    });
    desk = new SipSwitch(network, { ...PHONE, port: 5090 }, 4, {
      trunks: [office(centre.address, '211'), { ...office(centre.address, '212'), name: 'other' }],
    });
    centre.onCall = (call, event, nowMs) => {
      if (event.type === 'incoming') call.answer(nowMs);
    };
    const calls = [desk.dial('office', '112'), desk.dial('office', '112'), desk.dial('other', '112')];
    network.runFor(1_000);
    expect(calls.map(({ state }) => state)).toEqual(['up', 'up', 'up']);
    const contexts = centre.incoming.map((call) => centre.eventOf(call, 'incoming')?.request.context);
    expect(contexts.sort()).toEqual(['', 'office', 'office']);
    for (const call of calls) desk.with(call, (one, nowMs) => one.hangup('normal-clearing', nowMs));
    network.runFor(100);
    expectEmpty();
  });

  it('goes out on a trunk that has as many calls as it may have', () => {
    desk = new SipSwitch(network, { ...PHONE, port: 5091 }, 5, { trunks: [office(CENTRE, '211', { maxCalls: 0 })] });
    const place = (emergency: boolean) =>
      desk.endpoint.placeCall(
        {
          peer: 'office',
          number: '112',
          caller: { number: '201', name: '' },
          stream: desk.streams.next(),
          media: { ip: PHONE.ip, port: 10_000 },
          emergency,
        },
        network.nowMs,
      );
    expect(place(false)).toMatchObject({ failed: 'no-circuit' });
    expect(place(true)).not.toHaveProperty('failed');
  });
});

describe('a call to a phone', () => {
  it('goes to where it is registered, and comes back by its end', () => {
    desk.onCall = (call, event, nowMs) => {
      if (event.type === 'incoming') call.answer(nowMs);
    };
    const call = centre.dial('211', '211');
    network.runFor(1_000);
    expect(centre.typesOf(call)).toEqual(['media', 'answered']);
    expect(call.media?.codec).toBe('ulaw');
    expect(desk.eventOf(desk.incoming[0]!, 'incoming')?.request).toMatchObject({
      peer: 'office',
      caller: { number: '201', name: 'Front' },
    });
    desk.with(desk.incoming[0]!, (one, nowMs) => one.hangup('normal-clearing', nowMs));
    network.runFor(100);
    expect(centre.eventOf(call, 'hangup')).toMatchObject({ by: 'far-end' });
    expectEmpty();
  });

  it('that is not registered, or is no phone, fails at once', () => {
    const fails = (peer: string) =>
      centre.endpoint.placeCall(
        { peer, number: peer, caller: { number: '', name: '' }, stream: 99, media: CENTRE },
        network.nowMs,
      );
    expect(fails('nobody')).toMatchObject({ failed: 'no-route' });
    desk.command((endpoint, nowMs) => endpoint.stop(nowMs));
    network.runFor(100);
    expect(fails('211')).toMatchObject({ failed: 'destination-out-of-order' });
  });

  it('that answers late is told to stop, so that it does not ring for nobody', () => {
    network.blackhole(PHONE, CENTRE);
    desk.onCall = (call, event, nowMs) => {
      if (event.type === 'incoming') call.ringing(nowMs);
    };
    const call = centre.dial('211');
    network.runFor(10_000);
    expect(centre.typesOf(call)).toEqual(['hangup']);
    network.blackhole(PHONE, CENTRE, false);
    network.runFor(10_000);
    expect(wire).toContain('CANCEL');
    expect(desk.typesOf(desk.incoming[0]!)).toEqual(['incoming', 'hangup']);
    expect(centre.typesOf(call)).toEqual(['hangup']);
    expectEmpty();
  });

  it('that has gone without a word ends after eight seconds', () => {
    desk.host.isDown = true;
    const call = centre.dial('211');
    network.runFor(8_000);
    expect(centre.eventOf(call, 'hangup')).toMatchObject({ cause: 'no-user-response', by: 'timeout' });
    network.runFor(25_000);
    expect(centre.endpoint.load).toMatchObject({ calls: 0, dialogs: 0 });
  });

  it('reaches it over a restart of ours, since its binding was kept', () => {
    centre.restart();
    const call = centre.dial('211');
    network.runFor(1_000);
    expect(desk.incoming).toHaveLength(1);
    centre.with(call, (one, nowMs) => one.hangup('normal-clearing', nowMs));
    expectEmpty();
  });
});

describe('within a call', () => {
  it('hold and resume are told to the held side, with silence agreed on [RFC3264 §8.4]', () => {
    const { caller, callee } = callUp();
    desk.with(caller, (call, nowMs) => call.hold(nowMs));
    network.runFor(100);
    expect(wire).toEqual(['INVITE', '200 INVITE', 'ACK']);
    expect(centre.typesOf(callee).slice(-1)).toEqual(['hold']);
    expect(callee.media?.direction).toBe('recvonly');
    expect(caller.media?.direction).toBe('sendonly');
    desk.with(caller, (call, nowMs) => call.unhold(nowMs));
    network.runFor(100);
    expect(centre.typesOf(callee).slice(-1)).toEqual(['unhold']);
    expect(callee.media?.direction).toBe('sendrecv');
    desk.with(caller, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    expectEmpty();
  });

  it('offers that meet are tried again, and both get what they want [RFC3261 §14.1]', () => {
    const { caller, callee } = callUp();
    desk.with(caller, (call, nowMs) => call.hold(nowMs));
    centre.with(callee, (call, nowMs) => call.hold(nowMs));
    network.runFor(10_000);
    expect(wire).toContain('491 INVITE');
    for (const call of [caller, callee]) expect(call.media?.direction).toBe('inactive');
    desk.with(caller, (call, nowMs) => call.unhold(nowMs));
    centre.with(callee, (call, nowMs) => call.unhold(nowMs));
    network.runFor(20_000);
    for (const call of [caller, callee]) expect(call.media?.direction).toBe('sendrecv');
    centre.with(callee, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    expectEmpty();
  });

  it('a wish that changes while an offer is under way is offered after it', () => {
    const { caller, callee } = callUp();
    desk.with(caller, (call, nowMs) => {
      call.hold(nowMs);
      call.unhold(nowMs);
      call.hold(nowMs);
    });
    desk.with(caller, (call, nowMs) => call.unhold(nowMs));
    network.runFor(5_000);
    expect(callee.media?.direction).toBe('sendrecv');
    expect(caller.media?.direction).toBe('sendrecv');
    desk.with(caller, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    expectEmpty();
  });

  it('a flash goes by INFO, digits only where there is no telephone-event, text by MESSAGE', () => {
    const { caller, callee } = callUp();
    desk.with(caller, (call, nowMs) => call.sendDigit('5', 100, nowMs));
    desk.with(caller, (call, nowMs) => call.flash(nowMs));
    desk.with(caller, (call, nowMs) => call.sendText('Grüße', nowMs));
    network.runFor(100);
    expect(wire).toEqual(['INFO', 'MESSAGE', '200 INFO', '200 MESSAGE']);
    expect(centre.typesOf(callee).slice(-2)).toEqual(['flash', 'text']);
    expect(centre.eventOf(callee, 'text')).toEqual({ type: 'text', text: 'Grüße' });
    desk.with(caller, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    expectEmpty();
  });

  it('a blind transfer names the target, and its progress goes back [RFC3515]', () => {
    const { caller, callee } = callUp();
    desk.with(caller, (call, nowMs) => call.transferTo('202', nowMs));
    network.runFor(100);
    expect(centre.eventOf(callee, 'transfer')).toMatchObject({ number: '202' });
    expect(wire).toEqual(['REFER', '202 REFER', 'NOTIFY', '200 NOTIFY']);
    expect(desk.eventOf(caller, 'transfer-progress')).toEqual({ type: 'transfer-progress', status: 100 });
    centre.with(callee, (call, nowMs) => call.reportTransfer(180, nowMs));
    centre.with(callee, (call, nowMs) => call.reportTransfer(200, nowMs));
    centre.with(callee, (call, nowMs) => call.reportTransfer(200, nowMs));
    network.runFor(100);
    expect(wire.filter((line) => line === 'NOTIFY')).toHaveLength(3);
    expect(desk.eventOf(caller, 'transfer-progress')).toEqual({ type: 'transfer-progress', status: 200 });
    desk.with(caller, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    expectEmpty();
  });

  it('the session is refreshed at half its time, and ends where nobody is there any more [RFC4028 §10]', () => {
    const { caller, callee } = callUp();
    network.runFor(900_100);
    expect(wire).toContain('UPDATE');
    expect(wire).toContain('200 UPDATE');
    desk.host.isDown = true;
    network.runFor(1_800_000);
    expect(centre.eventOf(callee, 'hangup')).toMatchObject({ cause: 'timer-expired', by: 'timeout' });
    desk.host.isDown = false;
    desk.host.drain();
    network.runFor(2_000_000);
    expect(desk.eventOf(caller, 'hangup')).toMatchObject({ cause: 'timer-expired' });
    expectEmpty();
  });

  it('a far end that forgot the call ends it at the next request', () => {
    const { caller } = callUp();
    centre.restart();
    desk.with(caller, (call, nowMs) => call.hold(nowMs));
    network.runFor(100);
    expect(wire.slice(0, 3)).toEqual(['INVITE', '481 INVITE', 'ACK']);
    expect(desk.eventOf(caller, 'hangup')).toMatchObject({ cause: 'timer-expired', by: 'timeout' });
  });
});

describe('another configuration', () => {
  it('leaves what did not change alone, calls among it, and takes away what is gone', () => {
    const { caller, callee } = callUp();
    const trunks = [office(CENTRE, '211')];
    centre.command((endpoint, nowMs) => endpoint.configure([phone('211'), phone('213')], [], nowMs));
    desk.command((endpoint, nowMs) => endpoint.configure([], trunks, nowMs));
    network.runFor(1_000);
    expect(wire).toEqual([]);
    expect(centre.endpoint.bindingsOf('211')).toHaveLength(1);
    const changed = phone('211', { secret: { password: 'another' } });
    centre.command((endpoint, nowMs) => endpoint.configure([changed], [], nowMs));
    expect(centre.endpoint.bindingsOf('211')).toEqual([]);
    const other = office(CENTRE, '211', { secret: { password: 'another' } });
    desk.command((endpoint, nowMs) => endpoint.configure([], [other], nowMs));
    network.runFor(1_000);
    expect(centre.endpoint.bindingsOf('211')).toHaveLength(1);
    expect([caller.state, callee.state]).toEqual(['up', 'up']);
    desk.with(caller, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    network.runFor(100);
    expect(centre.typesOf(callee).at(-1)).toBe('hangup');
    desk.command((endpoint, nowMs) => endpoint.configure([], [], nowMs));
    network.runFor(1_000);
    expect(centre.endpoint.bindingsOf('211')).toEqual([]);
    expectEmpty();
  });
});

describe('strangers', () => {
  const send = (text: string, from = { ip: '203.0.113.66', port: 5060 }) => {
    network.carry(from, CENTRE, utf8Encode(`${text.trim().replace(/\n/g, '\r\n')}\r\n\r\n`));
    network.runFor(100);
  };
  const request = (method: string, more = '', to = '<sip:600@192.0.2.10>') => `
${method} sip:600@192.0.2.10 SIP/2.0
Via: SIP/2.0/UDP 203.0.113.66;branch=z9hG4bK${method}
From: <sip:211@192.0.2.10>;tag=x
To: ${to}
Call-ID: ${method}
CSeq: 1 ${method}
Contact: <sip:x@203.0.113.66>${more}`;

  it.each([
    ['INVITE', '401'],
    ['REGISTER', '401'],
    ['OPTIONS', '401'],
    ['BYE', '481'],
    ['SUBSCRIBE', '401'],
    ['PUBLISH', '405'],
    ['FOO', '501'],
  ])('get %s answered with %s, and no call comes of it', (method, status) => {
    send(request(method));
    expect(wire.slice(0, 2)).toEqual([method, `${status} ${method}`]);
    expect(centre.incoming).toEqual([]);
    network.runFor(100_000);
    expect(centre.endpoint.load).toEqual({ calls: 0, dialogs: 0, subscriptions: 0, transactions: 0 });
  });

  it('get requests in dialogs that are not there answered with 481', () => {
    for (const method of ['INVITE', 'BYE', 'INFO', 'REFER', 'UPDATE', 'NOTIFY', 'MESSAGE', 'PRACK'])
      send(request(method, '', '<sip:600@192.0.2.10>;tag=none'));
    expect(new Set(wire.filter((line) => line.startsWith('481'))).size).toBe(8);
  });

  it('that flood are not read beyond so many messages, and told of once', () => {
    const before = wire.length;
    for (let i = 0; i < 1_000; i++)
      network.carry(
        { ip: '203.0.113.66', port: 5060 },
        CENTRE,
        utf8Encode(
          `${request('OPTIONS')
            .trim()

            .replace('z9hG4bKOPTIONS', `z9hG4bK${i}`)
            .replace('Call-ID: OPTIONS', `Call-ID: ${i}`)
            .replace(/\n/g, '\r\n')}\r\n\r\n`,
        ),
      );
    network.runFor(500);
    const answers = wire.slice(before).filter((line) => line === '401 OPTIONS').length;
    expect(answers).toBeLessThan(300);
    expect(centre.counters.get('sip.flood')).toBeGreaterThan(600);
    expect(centre.outputs.filter((output) => output.type === 'security').map(({ event }) => event)).toEqual(['flood']);
    const { caller } = callUp();
    desk.with(caller, (call, nowMs) => call.hangup('normal-clearing', nowMs));
  });

  it('whose words cannot be read are counted, and answered at their own address', () => {
    const to: string[] = [];
    network.tap = (_from, address) => to.push(address.ip);
    send(
      request('INVITE').replace('To: <', 'To: "<').replace('UDP 203.0.113.66', 'UDP 192.0.2.99;received=192.0.2.99'),
    );
    expect(centre.counters.get('sip.address')).toBe(1);
    expect(to).toEqual([CENTRE.ip, '203.0.113.66']);
  });
});

describe('an INVITE', () => {
  it('without an offer gets one, and the answer comes with the ACK [RFC3261 §13.2.1]', () => {
    // A trunk that is known by its address, spoken for by hand.
    const peer = { ip: '192.0.2.30', port: 5060 };
    const trunk = { ...office(peer, 'x'), name: 'peer' };
    const { register: _register, ...unregistered } = trunk;
    centre = new SipSwitch(network, { ...CENTRE, port: 5080 }, 9, { trunks: [unregistered] });
    centre.onCall = (call, event, nowMs) => {
      if (event.type === 'incoming') call.answer(nowMs);
    };
    const seen: string[] = [];
    network.tap = (from, _to, bytes) => {
      if (from.port === 5080) seen.push(utf8Decode(bytes));
    };
    const send = (lines: string[], body = '') =>
      network.carry(
        peer,
        centre.address,
        utf8Encode(`${lines.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
      );
    const head = (method: string, to: string, branch: string) => [
      `${method} sip:600@192.0.2.10:5080 SIP/2.0`,
      `Via: SIP/2.0/UDP 192.0.2.30;branch=z9hG4bK${branch}`,
      'From: <sip:33@192.0.2.30>;tag=peer',
      `To: <sip:600@192.0.2.10>${to}`,
      'Call-ID: late',
      `CSeq: 1 ${method}`,
    ];
    send([...head('INVITE', '', '1'), 'Contact: <sip:33@192.0.2.30>']);
    network.runFor(50);
    const ok = seen.find((text) => text.startsWith('SIP/2.0 200'))!;
    expect(ok).toMatch(/m=audio \d+ RTP\/AVP 0 8 101/);
    const tag = /^To: .*;tag=(\S+)/m.exec(ok)![1];
    const answer =
      'v=0\r\no=- 1 1 IN IP4 192.0.2.30\r\ns=-\r\nc=IN IP4 192.0.2.30\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n';
    send([...head('ACK', `;tag=${tag}`, '2'), 'Content-Type: application/sdp'], answer);
    network.runFor(5_000);
    const [call] = centre.incoming;
    expect(call?.media).toMatchObject({ codec: 'alaw', remote: { ip: '192.0.2.30', port: 4000 } });
    expect(seen.filter((text) => text.startsWith('SIP/2.0 200'))).toHaveLength(1);
  });

  it('whose answer is never acknowledged is answered again and again, then ended [RFC3261 §13.3.1.4]', () => {
    const { callee } = callIn((call, nowMs) => {
      call.ringing(nowMs);
    });
    network.blackhole(PHONE, CENTRE);
    centre.with(callee, (call, nowMs) => call.answer(nowMs));
    wire.length = 0;
    network.runFor(33_000);
    expect(wire.filter((line) => line === '200 INVITE').length).toBe(10);
    expect(centre.eventOf(callee, 'hangup')).toMatchObject({ cause: 'timer-expired', by: 'timeout' });
  });
});
