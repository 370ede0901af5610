import { beforeEach, describe, expect, it } from 'vitest';
import { utf8Decode, utf8Encode } from '../../../src/base/bytes.ts';
import type { Call, TrunkConfig } from '../../../src/sip/endpoint.ts';
import { formatHop } from '../../../src/sip/hop.ts';
import { isMalformed } from '../../../src/sip/malformed.ts';
import type { Request } from '../../../src/sip/message.ts';
import { parseMessage } from '../../../src/sip/parse.ts';
import { sipUri } from '../../../src/sip/uri.ts';
import { FAIR, Network } from '../../support/network.ts';
import { SipSwitch } from '../../support/sip-world.ts';

const US = { ip: '192.0.2.10', port: 5060 };
const FIRST = { ip: '203.0.113.1', port: 5060 };
const SECOND = { ip: '203.0.113.2', port: 5060 };
const ANSWER =
  'v=0\r\no=- 1 1 IN IP4 203.0.113.9\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';

let network: Network;
let us: SipSwitch;
/** What we sent, and to whom. */
let sent: { to: string; request: Request | undefined; text: string }[];

function start(fields: Partial<TrunkConfig> = {}): void {
  network = new Network(1, FAIR);
  const trunk: TrunkConfig = {
    name: 'itsp',
    registrar: sipUri({ host: 'itsp.example' }),
    codecs: ['ulaw'],
    context: 'in',
    ...fields,
  };
  us = new SipSwitch(network, US, 1, { trunks: [trunk] });
  sent = [];
  network.tap = (from, to, bytes) => {
    if (from.ip !== US.ip) return;
    const message = parseMessage(bytes);
    const request = !isMalformed(message) && message.type === 'request' ? message : undefined;
    sent.push({ to: to.ip, request, text: utf8Decode(bytes) });
  };
}

beforeEach(() => start());

/** What was asked for last. */
const wanted = () => us.outputs.findLast((output) => output.type === 'resolve')!;
const resolve = (...hops: (typeof FIRST)[]) =>
  us.command((endpoint, nowMs) =>
    endpoint.handleResolved(
      wanted(),
      hops.map((hop) => ({ transport: 'udp', ...hop }) as const),
      nowMs,
    ),
  );
const methods = () => sent.map(({ to, request, text }) => `${to} ${request?.method ?? text.split(' ')[1]}`);

/** The provider answers the last request of that method. */
function answer(status: string, method = 'INVITE', more: readonly string[] = [], body = '', tag = 'theirs'): void {
  const { to, text } = sent.findLast(({ request }) => request?.method === method)!;
  const echo = text.split('\r\n').filter((line) => /^(Via|From|Call-ID|CSeq):/.test(line));
  const toLine = /^To: ([^\r;]*)/m.exec(text)![1];
  const type = body === '' ? [] : ['Content-Type: application/sdp'];
  const lines = [
    `SIP/2.0 ${status}`,
    ...echo,
    `To: ${toLine};tag=${tag}`,
    ...more,
    ...type,
    `Content-Length: ${body.length}`,
  ];
  network.carry({ ip: to, port: 5060 }, US, utf8Encode(`${lines.join('\r\n')}\r\n\r\n${body}`));
  network.runFor(50);
}

describe('a call over a trunk', () => {
  it('waits for the address, says who calls, and is one call at the trunk', () => {
    const call = us.dial('itsp', '+33#1', { caller: { number: '201', name: 'Zoë' } });
    expect(call.state).toBe('resolving');
    expect(us.outputs).toContainEqual({
      type: 'resolve',
      host: 'itsp.example',
      port: undefined,
      transport: undefined,
    });
    resolve(FIRST);
    expect(sent[0]?.text).toMatch(/^INVITE sip:\+33%231@itsp\.example SIP\/2\.0\r\n/);
    expect(sent[0]?.text).toContain('From: "Zoë" <sip:201@itsp.example>;tag=');
    expect(us.endpoint.trunkStatuses).toMatchObject([{ name: 'itsp', registration: null, calls: 1 }]);
  });

  it('that the trunk has forked goes on with the media of the fork that answers, also where that told them before [RFC3261 §13.2.1]', () => {
    const call = us.dial('itsp');
    resolve(FIRST);
    const reliable = ['Require: 100rel', 'RSeq: 1', `Contact: <sip:one@${FIRST.ip}>`];
    answer('183 Session Progress', 'INVITE', reliable, ANSWER, 'one');
    answer('183 Session Progress', 'INVITE', reliable, ANSWER.replace('4000', '6000'), 'two');
    expect(call.media!.remote.port).toBe(6000);
    answer('200 OK', 'INVITE', [`Contact: <sip:one@${FIRST.ip}>`], '', 'one');
    expect([call.state, call.media!.remote.port]).toEqual(['up', 4000]);
  });

  it('without an address fails, and one that was hung up meanwhile is not placed', () => {
    const [lost, dropped] = [us.dial('itsp'), us.dial('itsp')];
    us.with(dropped, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    resolve();
    expect(us.eventOf(lost, 'hangup')).toMatchObject({ cause: 'destination-out-of-order' });
    expect(us.typesOf(dropped)).toEqual(['hangup']);
    expect(sent).toEqual([]);
    expect(us.endpoint.load).toEqual({ calls: 0, dialogs: 0, subscriptions: 0, transactions: 0 });
  });

  it('goes to the next address after silence, or at once after 503 [RFC3263 §4.3]', () => {
    const call = us.dial('itsp');
    resolve(FIRST, SECOND);
    network.runFor(4_100);
    expect(methods().at(-1)).toBe(`${SECOND.ip} INVITE`);
    answer('503 Service Unavailable', 'INVITE', ['Retry-After: 60']);
    expect(us.eventOf(call, 'hangup')).toMatchObject({ cause: 'no-circuit', by: 'far-end' });
    start();
    const other = us.dial('itsp');
    resolve(FIRST, SECOND);
    answer('503 Service Unavailable');
    expect(methods()).toEqual([`${FIRST.ip} INVITE`, `${FIRST.ip} ACK`, `${SECOND.ip} INVITE`]);
    answer('486 Busy Here');
    expect(us.eventOf(other, 'hangup')).toMatchObject({ cause: 'user-busy' });
  });

  it.each([
    ['300 Multiple Choices', ['<sip:1@x>;q=0.2, <sip:2@x>;q=0.9', 'tel:3'], [['3', '2', '1']]],
    ['301 Moved Permanently', ['<sip:212@192.0.2.10>'], [['212']]],
    ['302 Moved Temporarily', ['<sip:212@192.0.2.10>', '<sip:212@elsewhere>'], [['212']]],
    ['302 Moved Temporarily', ['<sip:elsewhere.example>'], []],
    ['302 Moved Temporarily', [], []],
    ['302 Moved Temporarily', ['*'], []],
    ['305 Use Proxy', ['<sip:212@192.0.2.10>'], []],
    ['380 Alternative Service', ['<sip:212@192.0.2.10>'], []],
  ])('refused with %s and the contacts %j is redirected to %j [RFC3261 §21.3]', (status, contacts, expected) => {
    const call = us.dial('itsp');
    resolve(FIRST);
    answer(
      status,
      'INVITE',
      contacts.map((contact) => `Contact: ${contact}`),
    );
    const redirections = us.events.get(call)!.flatMap((event) => (event.type === 'redirected' ? [event.numbers] : []));
    expect(redirections).toEqual(expected);
    expect(us.typesOf(call).at(-1)).toBe('hangup');
  });

  it('says who forwarded it [RFC5806]', () => {
    us.dial('itsp', '600', { caller: { number: '201', name: '', redirecting: '211' } });
    resolve(FIRST);
    expect(sent[0]?.text).toContain('Diversion: <sip:211@itsp.example>;reason=unknown\r\n');
  });

  it('is given up after the trunk’s time, not after 32 s, so that the next priority runs', () => {
    start({ setupTimeoutMs: 3_000 });
    const call = us.dial('itsp');
    resolve(FIRST);
    network.runFor(3_000);
    expect(us.eventOf(call, 'hangup')).toMatchObject({ cause: 'no-user-response', by: 'timeout' });
    network.runFor(40_000);
    expect(us.endpoint.load).toEqual({ calls: 0, dialogs: 0, subscriptions: 0, transactions: 0 });
  });

  it('asks for a longer session where the trunk wants that [RFC4028 §7.3]', () => {
    us.dial('itsp');
    resolve(FIRST);
    answer('422 Session Interval Too Small', 'INVITE', ['Min-SE: 3600']);
    expect(sent.at(-1)?.text).toContain('Session-Expires: 3600');
    answer('422 Session Interval Too Small', 'INVITE', ['Min-SE: 3600']);
    expect(methods().filter((line) => line.endsWith('INVITE'))).toHaveLength(2);
  });

  it('proves itself once, and a wrong secret ends it', () => {
    start({ username: 'lyon', secret: { password: 'geheim' } });
    const call = us.dial('itsp');
    resolve(FIRST);
    const challenge = (nonce: string) => [`Proxy-Authenticate: Digest realm="itsp", nonce="${nonce}", qop="auth"`];
    answer('407 Proxy Authentication Required', 'INVITE', challenge('1'));
    expect(sent.at(-1)?.text).toContain('Proxy-Authorization: Digest username="lyon"');
    answer('407 Proxy Authentication Required', 'INVITE', challenge('2'));
    expect(us.typesOf(call).at(-1)).toBe('hangup');
    expect(
      JSON.stringify([us.outputs, sent.map(({ text }) => text)], (key, value: unknown) =>
        key === 'call' ? undefined : value,
      ),
    ).not.toContain('geheim');
  });

  it('that two phones answer goes to the first; the other is thanked and ended [RFC3261 §13.2.2.4]', () => {
    const call = us.dial('itsp');
    resolve(FIRST);
    const contact = (n: number) => [`Contact: <sip:x@203.0.113.${n}>`];
    answer('180 Ringing', 'INVITE', contact(11), '', 'one');
    answer('180 Ringing', 'INVITE', contact(12), '', 'two');
    answer('200 OK', 'INVITE', contact(12), ANSWER, 'two');
    answer('200 OK', 'INVITE', contact(11), ANSWER, 'one');
    answer('200 OK', 'INVITE', contact(12), ANSWER, 'two');
    expect(methods().slice(1)).toEqual([
      '203.0.113.12 ACK',
      '203.0.113.11 ACK',
      '203.0.113.11 BYE',
      '203.0.113.12 ACK',
    ]);
    expect(us.typesOf(call)).toEqual(['proceeding', 'ringing', 'media', 'answered']);
    expect(call.state).toBe('up');
    expect(us.endpoint.load.dialogs).toBe(1);
  });

  it('that is answered when it was given up is thanked and ended', () => {
    const call = us.dial('itsp');
    resolve(FIRST);
    answer('180 Ringing');
    us.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
    network.runFor(10);
    answer('200 OK', 'INVITE', [], ANSWER);
    expect(methods().slice(1)).toEqual([`${FIRST.ip} CANCEL`, `${FIRST.ip} ACK`, `${FIRST.ip} BYE`]);
    expect(us.typesOf(call).filter((type) => type === 'answered' || type === 'hangup')).toEqual(['hangup']);
  });

  it('that is answered with nothing that we can ends', () => {
    const call = us.dial('itsp');
    resolve(FIRST);
    answer('200 OK', 'INVITE', [], ANSWER.replace('RTP/AVP 0', 'RTP/AVP 18'));
    expect(us.eventOf(call, 'hangup')).toMatchObject({ cause: 'bearer-unavailable' });
    expect(methods().slice(1)).toEqual([`${FIRST.ip} ACK`, `${FIRST.ip} BYE`]);
  });

  it('confirms what must arrive, in order and once [RFC3262 §4]', () => {
    const call = us.dial('itsp');
    resolve(FIRST);
    const reliable = (rseq: number) => ['Require: 100rel', `RSeq: ${rseq}`, 'Contact: <sip:x@203.0.113.11>'];
    answer('183 Session Progress', 'INVITE', reliable(7), ANSWER);
    answer('183 Session Progress', 'INVITE', reliable(7), ANSWER);
    answer('180 Ringing', 'INVITE', reliable(9));
    answer('180 Ringing', 'INVITE', reliable(8));
    const pracks = sent
      .filter(({ request }) => request?.method === 'PRACK')
      .map(({ text }) => /^RAck: (.*)$/m.exec(text)![1]?.trim());
    expect(pracks).toEqual(['7 1 INVITE', '8 1 INVITE']);
    expect(us.typesOf(call)).toEqual(['proceeding', 'media', 'progress', 'ringing']);
  });
});

describe('a trunk that is asked whether it is there', () => {
  it('is lost after silence, fails calls at once meanwhile, and is found again by any answer', () => {
    start({ registrar: sipUri({ host: FIRST.ip }), qualify: { everyMs: 10_000, timeoutMs: 2_000 } });
    const states = () => us.outputs.filter(({ type }) => type === 'trunk-state');
    network.runFor(1_000);
    expect(us.endpoint.trunkStatuses).toMatchObject([{ reachable: null }]);
    network.runFor(1_100);
    const silent = { reachable: false, rttMs: null, lossPct: 100, reason: 'It did not answer OPTIONS.' };
    expect(states()).toEqual([{ type: 'trunk-state', trunk: 'itsp', ...silent }]);
    expect(() => us.dial('itsp')).toThrow('itsp is unreachable.');
    expect(us.dial('itsp', '600', { insist: true }).state).toBe('calling');
    network.runFor(18_500);
    answer('404 Not Found', 'OPTIONS');
    expect(states()).toHaveLength(2);
    expect(us.endpoint.trunkStatuses).toMatchObject([{ reachable: true, lossPct: 66.7, reason: null }]);
    expect(us.dial('itsp').state).toBe('calling');
    us.command((endpoint, nowMs) => endpoint.stop(nowMs));
    network.runFor(100_000);
    expect(us.endpoint.isIdle).toBe(true);
    expect(us.endpoint.nextDeadline()).toBeUndefined();
  });
});

const vias = () => sent.map(({ text }) => /Via: SIP\/2\.0\/(\w+)/.exec(text)![1]);
const refuseTcp = () =>
  us.command((endpoint, nowMs) => endpoint.handleUnreachable({ transport: 'tcp', ...FIRST }, nowMs));

describe('a request within a call that is too large for a datagram', () => {
  const TEXT = 'x'.repeat(1_300);
  const talking = () => {
    const call = us.dial('itsp', '600');
    resolve(FIRST);
    answer('200 OK', 'INVITE', [`Contact: <sip:x@${FIRST.ip}>`, 'Allow: INVITE, ACK, BYE, MESSAGE'], ANSWER);
    sent = [];
    return call;
  };

  it('goes over TCP [RFC3261 §18.1.1]', () => {
    const call = talking();
    us.with(call, (leg, nowMs) => leg.sendText('short', nowMs));
    network.runFor(10);
    answer('200 OK', 'MESSAGE');
    us.with(call, (leg, nowMs) => leg.sendText(TEXT, nowMs));
    network.runFor(10);
    expect(vias()).toEqual(['UDP', 'TCP']);
    expect(sent.at(-1)!.text).toContain(TEXT);
    answer('200 OK', 'MESSAGE');
    network.runFor(40_000);
    expect(us.eventOf(call, 'hangup')).toBeUndefined();
  });

  it('goes over UDP where TCP is refused, and the next one at once [RFC3261 §18.1.1]', () => {
    const call = talking();
    us.with(call, (leg, nowMs) => leg.sendText(TEXT, nowMs));
    refuseTcp();
    network.runFor(10);
    answer('200 OK', 'MESSAGE');
    us.with(call, (leg, nowMs) => leg.sendText(TEXT, nowMs));
    network.runFor(10);
    expect(vias()).toEqual(['TCP', 'UDP', 'UDP']);
    answer('200 OK', 'MESSAGE');
    network.runFor(32_000);
    us.with(call, (leg, nowMs) => leg.sendText(TEXT, nowMs));
    expect(vias().at(-1)).toBe('TCP');
  });
});

describe('a REGISTER that is too large for a datagram', () => {
  it('goes over TCP, and over UDP where that is refused; its Contact stays that of UDP [RFC3261 §18.1.1]', () => {
    start({ username: 'u'.repeat(700), secret: { password: 'x' }, register: { expiresS: 600 } });
    resolve(FIRST);
    expect(vias()).toEqual(['TCP']);
    refuseTcp();
    network.runFor(10);
    expect(vias()).toEqual(['TCP', 'UDP']);
    const [byTcp, byUdp] = sent.map(({ text }) => /^Contact: (.*)\r$/m.exec(text)![1]);
    expect(byUdp).toBe(byTcp);
    expect(byUdp).not.toContain('transport');
    answer('200 OK', 'REGISTER', [`Contact: ${byUdp};expires=600`]);
    expect(us.endpoint.trunkStatuses).toMatchObject([{ registration: { state: 'registered' } }]);
  });
});

describe('an INVITE that is too large for a datagram', () => {
  const LONG = { caller: { number: '201', name: 'x'.repeat(900) } };
  const contact = () => /^Contact: (.*)\r$/m.exec(sent.at(-1)!.text)![1];

  it('goes over TCP, and the dialog where its Contact says [RFC3261 §18.1.1]', () => {
    const call = us.dial('itsp', '600', LONG);
    resolve(FIRST);
    expect(vias()).toEqual(['TCP']);
    expect(contact()).toBe('<sip:192.0.2.10:5060>');
    answer('200 OK', 'INVITE', [`Contact: <sip:x@${FIRST.ip}>`], ANSWER);
    us.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
    network.runFor(10);
    expect(methods().slice(1)).toEqual([`${FIRST.ip} ACK`, `${FIRST.ip} BYE`]);
    expect(vias()).toEqual(['TCP', 'UDP', 'UDP']);
  });

  it('is cancelled over TCP, too', () => {
    const call = us.dial('itsp', '600', LONG);
    resolve(FIRST);
    answer('180 Ringing');
    us.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
    network.runFor(10);
    expect(methods().at(-1)).toBe(`${FIRST.ip} CANCEL`);
    expect(vias()).toEqual(['TCP', 'TCP']);
  });

  it('goes over UDP where TCP is refused, and the next one at once [RFC3261 §18.1.1]', () => {
    const call = us.dial('itsp', '600', LONG);
    resolve(FIRST);
    refuseTcp();
    network.runFor(10);
    expect(vias()).toEqual(['TCP', 'UDP']);
    answer('486 Busy Here');
    expect(us.eventOf(call, 'hangup')).toMatchObject({ cause: 'user-busy' });
    us.dial('itsp', '600', LONG);
    expect(vias().at(-1)).toBe('UDP');
    answer('486 Busy Here');
    network.runFor(32_000);
    us.dial('itsp', '600', LONG);
    expect(vias().at(-1)).toBe('TCP');
  });

  it('goes over UDP where TCP is silent, then to the next address', () => {
    us.dial('itsp', '600', LONG);
    resolve(FIRST, SECOND);
    network.runFor(4_010);
    expect([methods().at(-1), vias().at(-1)]).toEqual([`${FIRST.ip} INVITE`, 'UDP']);
    network.runFor(4_010);
    expect([methods().at(-1), vias().at(-1)]).toEqual([`${SECOND.ip} INVITE`, 'TCP']);
  });

  it('goes over UDP all the same where the trunk is told so', () => {
    start({ registrar: sipUri({ host: 'itsp.example', parameters: new Map([['transport', 'udp']]) }) });
    us.dial('itsp', '600', LONG);
    resolve(FIRST);
    expect(vias()).toEqual(['UDP']);
  });

  it('is one of more than 1300 bytes [RFC3261 §18.1.1]', () => {
    us.dial('itsp', '600');
    resolve(FIRST);
    expect(vias()).toEqual(['UDP']);
    const short = sent[0]!.text.length;
    for (const [length, by] of [
      [1_250, 'UDP'],
      [1_301, 'TCP'],
    ] as const) {
      answer('486 Busy Here');
      us.dial('itsp', '600', { caller: { number: '201', name: 'x'.repeat(length - short) } });
      expect(vias().at(-1)).toBe(by);
    }
  });
});

describe('a trunk with several addresses', () => {
  const invited = () => methods().filter((line) => line.endsWith('INVITE'));

  it('is asked at the next address when one is silent, and is there [RFC3263 §4.3]', () => {
    start({ qualify: { everyMs: 10_000, timeoutMs: 2_000 } });
    resolve(FIRST, SECOND);
    network.runFor(2_100);
    expect(methods().at(-1)).toBe(`${SECOND.ip} OPTIONS`);
    answer('200 OK', 'OPTIONS');
    expect(us.endpoint.trunkStatuses).toMatchObject([{ reachable: true }]);
    expect(us.counters.get('sip.target-failed')).toBe(1);
    expect(us.endpoint.wayTo('itsp')).toMatchObject(SECOND);
  });

  it('is lost only when all of them are silent', () => {
    start({ qualify: { everyMs: 10_000, timeoutMs: 2_000 } });
    resolve(FIRST, SECOND);
    network.runFor(3_900);
    expect(us.endpoint.trunkStatuses).toMatchObject([{ reachable: null }]);
    network.runFor(200);
    expect(us.endpoint.trunkStatuses).toMatchObject([{ reachable: false, reason: 'It did not answer OPTIONS.' }]);
  });

  it('is there although each of them answers 503', () => {
    start({ qualify: { everyMs: 10_000, timeoutMs: 2_000 } });
    resolve(FIRST, SECOND);
    for (const { ip } of [FIRST, SECOND]) {
      expect(methods().at(-1)).toBe(`${ip} OPTIONS`);
      answer('503 Service Unavailable', 'OPTIONS');
    }
    expect(us.endpoint.trunkStatuses).toMatchObject([{ reachable: true }]);
  });

  it('is called at the one that works while another is known to be down', () => {
    us.dial('itsp');
    resolve(FIRST, SECOND);
    network.runFor(4_100);
    answer('486 Busy Here');
    us.dial('itsp');
    expect(invited().at(-1)).toBe(`${SECOND.ip} INVITE`);
    answer('486 Busy Here');
    network.runFor(32_000);
    us.dial('itsp');
    expect(invited().at(-1)).toBe(`${FIRST.ip} INVITE`);
  });

  it('leaves it to OPTIONS to find out who is back, so that no caller waits for it', () => {
    start({ qualify: { everyMs: 10_000, timeoutMs: 2_000 } });
    const startMs = network.nowMs;
    resolve(FIRST, SECOND);
    network.runFor(2_100);
    answer('200 OK', 'OPTIONS');
    for (const dueMs of [10_000, 20_000, 30_000]) {
      network.runFor(startMs + dueMs + 10 - network.nowMs);
      expect(methods().at(-1)).toBe(`${SECOND.ip} OPTIONS`);
      answer('200 OK', 'OPTIONS');
    }
    network.runFor(startMs + 39_000 - network.nowMs);
    us.dial('itsp');
    expect(invited()).toEqual([`${SECOND.ip} INVITE`]);
    answer('486 Busy Here');
    network.runFor(1_010);
    expect(methods().at(-1)).toBe(`${FIRST.ip} OPTIONS`);
    answer('200 OK', 'OPTIONS');
    us.dial('itsp');
    expect(invited().at(-1)).toBe(`${FIRST.ip} INVITE`);
  });

  it('is let alone for as long as it asks by Retry-After [RFC3261 §21.5.4]', () => {
    us.dial('itsp');
    resolve(FIRST, SECOND);
    answer('503 Service Unavailable', 'INVITE', ['Retry-After: 120 (maintenance)']);
    answer('486 Busy Here');
    for (const [afterMs, where] of [
      [100_000, SECOND],
      [30_000, FIRST],
    ] as const) {
      network.runFor(afterMs);
      us.dial('itsp');
      expect(invited().at(-1)).toBe(`${where.ip} INVITE`);
      answer('486 Busy Here');
    }
  });

  it('is tried all the same when all have failed', () => {
    us.dial('itsp');
    resolve(FIRST, SECOND);
    for (const _ of [FIRST, SECOND]) answer('503 Service Unavailable');
    us.dial('itsp');
    expect(invited().at(-1)).toBe(`${FIRST.ip} INVITE`);
  });

  it('is registered at the next one after silence or 503, by the transport that leads there', () => {
    start({ username: 'lyon', secret: { password: 'geheim' }, register: { expiresS: 600 } });
    resolve(FIRST, SECOND);
    network.runFor(4_100);
    expect(methods().at(-1)).toBe(`${SECOND.ip} REGISTER`);
    answer('200 OK', 'REGISTER', ['Expires: 600']);
    expect(us.endpoint.trunkStatuses).toMatchObject([{ registration: { state: 'registered', refreshS: 600 } }]);
    start({ username: 'lyon', secret: { password: 'geheim' }, register: { expiresS: 600 } });
    us.command((endpoint, nowMs) =>
      endpoint.handleResolved(
        wanted(),
        [
          { transport: 'udp', ...FIRST },
          { transport: 'tcp', ...SECOND },
        ],
        nowMs,
      ),
    );
    answer('503 Service Unavailable', 'REGISTER');
    const { text } = sent.at(-1)!;
    expect(text).toMatch(/^REGISTER .*\r\nVia: SIP\/2.0\/TCP /);
    expect(text).toMatch(/^Contact: <sip:lyon@192.0.2.10:5060;transport=tcp>\r$/m);
  });
});

describe('a call from a trunk', () => {
  it('is known by its address, and the number is in To where the URI is only our name', () => {
    start({ registrar: sipUri({ host: FIRST.ip }), username: 'lyon', isTrusted: true });
    const invite = [
      'INVITE sip:lyon@192.0.2.10 SIP/2.0',
      `Via: SIP/2.0/UDP ${FIRST.ip};branch=z9hG4bK1`,
      'From: <sip:anonymous@anonymous.invalid>;tag=1',
      'To: <sip:+33472000001@itsp.example>',
      'Call-ID: in',
      'CSeq: 1 INVITE',
      `Contact: <sip:x@${FIRST.ip}>`,
      'P-Asserted-Identity: <sip:+331@itsp.example>',
      'Diversion: <sip:+339@itsp.example>;reason=unconditional',
      'Content-Type: application/sdp',
      `Content-Length: ${ANSWER.length}`,
    ];
    network.carry(FIRST, US, utf8Encode(`${invite.join('\r\n')}\r\n\r\n${ANSWER}`));
    network.runFor(100);
    expect(us.eventOf(us.incoming[0] as Call, 'incoming')?.request).toEqual({
      number: '+33472000001',
      context: 'in',
      peer: 'itsp',
      caller: { number: '+331', name: '', isRestricted: true },
      redirectingNumber: '+339',
    });
  });
});

describe('several trunks at one address', () => {
  it.each([
    ['udp', 5060, 'one'],
    ['udp', 40_000, 'one'],
    ['tcp', 5060, 'two'],
    ['tls', 5061, 'three'],
    ['tls', 40_000, 'three'],
  ] as const)('are told apart by %s and port %i', (transport, port, expected) => {
    const at = (name: string, by: string, where?: number): TrunkConfig => ({
      ...{ name, codecs: ['ulaw'], context: name },
      registrar: sipUri({ host: FIRST.ip, port: where, parameters: new Map([['transport', by]]) }),
    });
    network = new Network(1, FAIR);
    us = new SipSwitch(network, US, 1, { trunks: [at('one', 'udp'), at('two', 'tcp'), at('three', 'tls', 5061)] });
    const invite = `INVITE sip:5@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/X ${FIRST.ip};branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:5@x>\r\nCall-ID: in\r\nCSeq: 1 INVITE\r\nContact: <sip:x@${FIRST.ip}>\r\nContent-Type: application/sdp\r\nContent-Length: ${ANSWER.length}\r\n\r\n${ANSWER}`;
    us.command((endpoint, nowMs) =>
      endpoint.handleDatagram(utf8Encode(invite), { transport, ip: FIRST.ip, port }, nowMs),
    );
    expect(us.incoming.map(({ peer }) => peer)).toEqual([expected]);
  });
});

describe('several trunks of one host', () => {
  const trunkAt = (name: string, port: number | undefined, transport: string): TrunkConfig => ({
    ...{ name, codecs: ['ulaw'], context: name },
    registrar: sipUri({ host: 'itsp.example', port, parameters: new Map([['transport', transport]]) }),
  });
  const addressesOf = () =>
    ['one', 'two'].map((name) => {
      const hop = us.endpoint.wayTo(name);
      return hop === undefined ? undefined : formatHop(hop);
    });

  it('are each where their own port and transport are', () => {
    network = new Network(1, FAIR);
    us = new SipSwitch(network, US, 1, { trunks: [trunkAt('one', 5070, 'udp'), trunkAt('two', 5080, 'udp')] });
    const asked = us.outputs.filter((output) => output.type === 'resolve');
    for (const one of asked)
      us.command((endpoint, nowMs) =>
        endpoint.handleResolved(one, [{ transport: 'udp', ip: FIRST.ip, port: one.port! }], nowMs),
      );
    expect(addressesOf()).toEqual([`udp:${FIRST.ip}:5070`, `udp:${FIRST.ip}:5080`]);
  });
});

describe('TLS trunks with different names at one address', () => {
  const names = ['one', 'two'] as const;
  const hopOf = (name: string) => ({ transport: 'tls', ip: FIRST.ip, port: 5061, name: `${name}.example` }) as const;

  beforeEach(() => {
    network = new Network(1, FAIR);
    const trunks = names.map(
      (name): TrunkConfig => ({
        ...{ name, codecs: ['ulaw'], context: name },
        registrar: sipUri({ host: `${name}.example`, parameters: new Map([['transport', 'tls']]) }),
      }),
    );
    us = new SipSwitch(network, US, 1, { trunks });
    for (const name of names)
      us.command((endpoint, nowMs) =>
        endpoint.handleResolved({ host: `${name}.example`, port: undefined, transport: 'tls' }, [hopOf(name)], nowMs),
      );
  });

  it('have a flow each: the certificate of one says nothing of the other [RFC5922 §7.1]', () => {
    const [first, second] = names.map((name) => us.dial(name));
    us.command((endpoint, nowMs) => endpoint.handleUnreachable(hopOf('one'), nowMs));
    expect(us.typesOf(first!)).toContain('hangup');
    expect(second!.state).toBe('calling');
  });

  it('are told apart by the name that their connection was opened for', () => {
    const lines = [
      'INVITE sip:5@192.0.2.10 SIP/2.0',
      `Via: SIP/2.0/TLS ${FIRST.ip};branch=z9hG4bK1`,
      'From: <sip:a@b>;tag=1',
      'To: <sip:5@x>',
      'Call-ID: in',
      'CSeq: 1 INVITE',
      `Contact: <sip:x@${FIRST.ip}>`,
      'Content-Type: application/sdp',
      `Content-Length: ${ANSWER.length}`,
    ];
    const invite = utf8Encode(`${lines.join('\r\n')}\r\n\r\n${ANSWER}`);
    const from = { ...hopOf('two'), connection: 3 };
    us.command((endpoint, nowMs) => endpoint.handleBytes(invite, from, nowMs));
    expect(us.incoming.map(({ peer }) => peer)).toEqual(['two']);
  });
});

describe('a trunk that only calls in', () => {
  it('is looked up from the start, and again each minute, since its address tells whose call it is', () => {
    start();
    const lookups = () => us.outputs.filter(({ type }) => type === 'resolve').length;
    us.command((endpoint, nowMs) => endpoint.handleResolved(wanted(), [], nowMs));
    expect(lookups()).toBe(1);
    network.runFor(60_001);
    expect(lookups()).toBe(2);
    us.command((endpoint, nowMs) => endpoint.stop(nowMs));
    network.runFor(120_000);
    expect(lookups()).toBe(2);
  });
});

describe('streams', () => {
  it('are told to be no strangers once a trunk or a phone that has proven itself has spoken on them', () => {
    start({ registrar: sipUri({ host: FIRST.ip }) });
    const options = (from: string, connection: number) => {
      const text = `OPTIONS sip:x@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/TCP ${from};branch=z9hG4bK${connection}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x@y>\r\nCall-ID: ${connection}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`;
      const hop = { transport: 'tcp', ip: from, port: 40_000, connection } as const;
      us.command((endpoint, nowMs) => endpoint.handleBytes(utf8Encode(text), hop, nowMs));
    };
    options('198.51.100.7', 5);
    options(FIRST.ip, 6);
    options(FIRST.ip, 6);
    expect(us.outputs.filter(({ type }) => type === 'proven')).toEqual([{ type: 'proven', connection: 6 }]);
  });

  it('are cut into messages, kept alive, closed when they cannot be read, and answered over', () => {
    const from = { transport: 'tcp', ip: '198.51.100.7', port: 40_000, connection: 5 } as const;
    const options =
      'OPTIONS sip:x@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x@y>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n';
    const feed = (text: string) => us.endpoint.handleBytes(utf8Encode(text), from, network.nowMs);
    feed('\r\n\r\n');
    expect(us.endpoint.poll()).toEqual({ type: 'transmit', to: from, bytes: utf8Encode('\r\n') });
    feed(options.slice(0, 50));
    feed(options.slice(50));
    const response = us.endpoint.poll();
    expect(response).toMatchObject({ type: 'transmit', to: from });
    feed('OPTIONS sip:x SIP/2.0\r\n\r\n');
    expect(us.endpoint.poll()).toEqual({ type: 'close', connection: 5 });
    us.endpoint.handleConnectionClosed(5, network.nowMs);
  });
});
