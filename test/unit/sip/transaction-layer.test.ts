import { beforeEach, describe, expect, it } from 'vitest';
import { utf8Decode } from '../../../src/base/bytes.ts';
import type { Transport } from '../../../src/sip/hop.ts';
import { InviteClientTransaction } from '../../../src/sip/invite-client-transaction.ts';
import { isMalformed } from '../../../src/sip/malformed.ts';
import { parseMessage } from '../../../src/sip/parse.ts';
import type { ServerTransaction } from '../../../src/sip/transaction-layer.ts';
import { FAIR, Network } from '../../support/network.ts';
import { SipStation } from '../../support/sip-station.ts';

const A = { ip: '192.0.2.1', port: 5060 };
const B = { ip: '192.0.2.2', port: 5060 };

let network: Network;
let client: SipStation;
let server: SipStation;
let sent: { atMs: number; from: string; what: string }[];

function start(transport: Transport = 'udp'): void {
  network = new Network(1, { ...FAIR, minDelayMs: 1, maxDelayMs: 1 });
  client = new SipStation(network, A, 1, transport);
  server = new SipStation(network, B, 2, transport);
  sent = [];
  const startMs = network.nowMs;
  network.tap = (from, _to, bytes) => {
    const [first = ''] = utf8Decode(bytes).split(/ sip:|\r\n/);
    const what = first.replace(/^SIP\/2\.0 (\d+).*/, '$1');
    sent.push({ atMs: Math.round(network.nowMs - startMs), from: from.ip === A.ip ? 'client' : 'server', what });
  };
}

const times = (what: string) => sent.filter((one) => one.what === what).map(({ atMs }) => atMs);

function expectEmpty(): void {
  for (const { layer } of [client, server]) {
    expect(layer.load).toEqual({ clients: 0, servers: 0 });
    expect(layer.nextDeadline()).toBeUndefined();
  }
}

beforeEach(() => start());

describe('an INVITE without an answer [RFC3261 §17.1.1.2]', () => {
  it('is sent at T1, doubling without limit, until 64·T1 (timers A and B)', () => {
    network.blackhole(A, B);
    client.send('INVITE', B);
    network.runFor(60_000);
    expect(times('INVITE')).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    expect(client.log).toEqual(['timeout']);
    expectEmpty();
  });

  it('is given up earlier where the caller wants that', () => {
    network.blackhole(A, B);
    client.send('INVITE', B, 4_000);
    network.runFor(4_000);
    expect(client.log).toEqual(['timeout']);
    expectEmpty();
  });

  it('is sent once on a stream', () => {
    start('tcp');
    network.blackhole(A, B);
    client.send('INVITE', B);
    network.runFor(60_000);
    expect(times('INVITE')).toEqual([0]);
    expect(client.log).toEqual(['timeout']);
    expectEmpty();
  });

  it('ends at once where the transport knows that nobody is there', () => {
    client.send('INVITE', B);
    client.layer.handleUnreachable({ transport: 'udp', ...B }, network.nowMs);
    expect(client.log).toEqual(['unreachable']);
    server.host.isDown = true;
    network.runFor(1_000);
    expect(client.layer.load.clients).toBe(0);
  });
});

describe('an INVITE that is answered', () => {
  it('gets 100 after 200 ms if the user is silent, and stops its repetitions [RFC3261 §17.2.1]', () => {
    client.send('INVITE', B);
    network.runFor(5_000);
    expect(times('100')).toEqual([201]);
    expect(times('INVITE')).toEqual([0]);
    expect(client.log).toEqual(['100']);
  });

  it('that was refused is acknowledged in its transaction, however often the refusal comes (timers D, G, H, I)', () => {
    server.onRequest = (transaction) => server.respond(transaction, 486);
    network.blackhole(A, B);
    client.send('INVITE', B);
    network.blackhole(A, B, false);
    network.runFor(501);
    network.blackhole(A, B);
    network.runFor(8_000);
    network.blackhole(A, B, false);
    network.runFor(60_000);
    expect(times('486')).toEqual([501, 1_001, 2_001, 4_001, 8_001, 12_001]);
    expect(times('ACK')).toEqual([502, 1_002, 2_002, 4_002, 8_002, 12_002]);
    expect(client.log).toEqual(['486']);
    expect(server.log).toEqual(['INVITE']);
    expectEmpty();
  });

  it('whose refusal is never acknowledged is forgotten after 64·T1 and told (timer H)', () => {
    server.onRequest = (transaction) => {
      server.respond(transaction, 486);
      network.blackhole(A, B);
    };
    client.send('INVITE', B);
    network.runFor(70_000);
    expect(server.log).toEqual(['INVITE', 'unacknowledged']);
    expect(times('486')).toHaveLength(11);
    expectEmpty();
  });

  it('that was accepted passes every 2xx to the user and absorbs repeated INVITEs [RFC6026 §7]', () => {
    let kept: ServerTransaction | undefined;
    server.onRequest = (transaction) => {
      kept = transaction;
      server.respond(transaction, 200);
    };
    client.send('INVITE', B);
    network.runFor(1_000);
    server.respond(kept!, 200);
    server.respond(kept!, 486);
    network.runFor(100);
    expect(client.log).toEqual(['200', '200']);
    expect(times('200')).toEqual([1, 1_000]);
    expect(times('486')).toEqual([]);
    network.runFor(40_000);
    expectEmpty();
  });

  it('rings no longer than three minutes without a word', () => {
    server.onRequest = (transaction) => server.respond(transaction, 180);
    client.send('INVITE', B);
    network.runFor(184_000);
    expect(client.log).toEqual(['180']);
    network.runFor(2_000);
    expect(client.log).toEqual(['180', 'timeout']);
    expect(client.layer.load.clients).toBe(0);
  });
});

describe('CANCEL [RFC3261 §9]', () => {
  it('waits for a provisional response, ends the INVITE with 487, and is answered itself', () => {
    server.onRequest = (transaction) => server.respond(transaction, 180);
    server.onCancel = (transaction) => server.respond(transaction, 487);
    const invite = client.send('INVITE', B);
    if (!(invite instanceof InviteClientTransaction)) return expect.unreachable();
    expect(client.layer.cancel(invite, network.nowMs)).toBe(false);
    network.runFor(100);
    expect(client.layer.cancel(invite, network.nowMs)).toBe(true);
    client.host.drain();
    network.runFor(100);
    expect(client.log).toEqual(['180', '487']);
    expect(server.log).toEqual(['INVITE', 'cancel']);
    expect(sent.map(({ what }) => what)).toEqual(['INVITE', '180', 'CANCEL', '200', '487', 'ACK']);
    network.runFor(40_000);
    expectEmpty();
  });

  it('of what is not there gets 481', () => {
    client.layer.send(client.request('CANCEL', B), { transport: 'udp', ...B }, nobody(client), network.nowMs);
    client.host.drain();
    network.runFor(40_000);
    expect(client.log).toEqual(['481']);
    expectEmpty();
  });

  it('leaves nothing behind where the server never ends the INVITE', () => {
    server.onRequest = (transaction) => server.respond(transaction, 180);
    const invite = client.send('INVITE', B);
    network.runFor(100);
    client.layer.cancel(invite as InviteClientTransaction, network.nowMs);
    client.host.drain();
    network.runFor(32_100);
    expect(client.log).toEqual(['180', 'timeout']);
    expect(client.layer.load.clients).toBe(0);
  });
});

function nobody(station: SipStation) {
  return {
    handleResponse: ({ status }: { status: number }) => void station.log.push(String(status)),
    handleFailure: (why: string) => void station.log.push(why),
  };
}

describe('other requests [RFC3261 §17.1.2, §17.2.2]', () => {
  it('are sent at T1, doubling up to T2, until 64·T1 (timers E and F)', () => {
    network.blackhole(A, B);
    client.send('OPTIONS', B);
    network.runFor(40_000);
    expect(times('OPTIONS')).toEqual([0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expect(client.log).toEqual(['timeout']);
    expectEmpty();
  });

  it('are sent every T2 once a provisional response came', () => {
    server.onRequest = (transaction) => server.respond(transaction, 100);
    client.send('OPTIONS', B);
    network.runFor(40_000);
    expect(times('OPTIONS')).toEqual([0, 500, 4_500, 8_500, 12_500, 16_500, 20_500, 24_500, 28_500]);
    expect(client.log.filter((what) => what !== '100')).toEqual(['timeout']);
  });

  it('get the same response again when they come again (timers J and K)', () => {
    server.onRequest = (transaction) => server.respond(transaction, 200);
    network.blackhole(B, A);
    client.send('OPTIONS', B);
    network.runFor(1_000);
    network.blackhole(B, A, false);
    network.runFor(1_000);
    expect(server.log).toEqual(['OPTIONS']);
    expect(times('200')).toEqual([1, 501, 1_501]);
    expect(client.log).toEqual(['200']);
    expect(client.layer.load.clients).toBe(1);
    network.runFor(40_000);
    expectEmpty();
  });

  it('leave nothing behind on a stream once they are answered', () => {
    start('tcp');
    server.onRequest = (transaction) => server.respond(transaction, 200);
    client.send('OPTIONS', B);
    network.runFor(10);
    expect(client.log).toEqual(['200']);
    expectEmpty();
  });

  it('that the user never answers are forgotten', () => {
    client.send('OPTIONS', B);
    network.runFor(64_000);
    expectEmpty();
  });
});

describe('matching [RFC3261 §17.2.3]', () => {
  function arrive(text: string, from = A): void {
    const message = parseMessage(new TextEncoder().encode(`${text.trim().replace(/\n/g, '\r\n')}\r\n\r\n`));
    if (isMalformed(message)) throw new Error(message.reason);
    server.layer.handleMessage(message, { transport: 'udp', ...from }, network.nowMs);
    server.host.drain();
  }
  const request = (method: string, via: string, to = 'sip:b@b') => `
${method} sip:b@192.0.2.2 SIP/2.0
Via: SIP/2.0/UDP ${via}
From: <sip:a@a>;tag=a
To: ${to}
Call-ID: 1
CSeq: 1 ${method}`;

  it('a client of RFC 2543 is known by what does not change, and its ACK by the tag that it got', () => {
    server.onRequest = (transaction) => server.respond(transaction, 486);
    const via = '192.0.2.1;branch=1';
    arrive(request('INVITE', via));
    arrive(request('INVITE', via));
    expect(server.log).toEqual(['INVITE']);
    arrive(request('ACK', via, 'sip:b@b;tag=another'));
    expect(server.log).toEqual(['INVITE', 'ack']);
    arrive(request('ACK', via, 'sip:b@b;tag=to-5060'));
    expect(server.log).toEqual(['INVITE', 'ack']);
    network.runFor(5_000);
    expect(server.layer.load.servers).toBe(0);
  });

  it('equal branches of different hosts are different transactions', () => {
    arrive(request('OPTIONS', '192.0.2.1;branch=z9hG4bKx').replace('Call-ID: 1', 'Call-ID: 2'));
    arrive(request('OPTIONS', '192.0.2.3;branch=z9hG4bKx'));
    expect(server.log).toEqual(['OPTIONS', 'OPTIONS']);
  });

  it('a request with another number is another one, also where chan_sip of Asterisk uses a branch again', () => {
    server.onRequest = (transaction) => server.respond(transaction, 200);
    const notify = request('NOTIFY', '192.0.2.1;branch=z9hG4bKx', 'sip:b@b;tag=b');
    for (const text of [notify, notify, notify.replace('CSeq: 1', 'CSeq: 2')]) arrive(text);
    expect(server.log).toEqual(['NOTIFY', 'NOTIFY']);
  });

  it('one request that comes over two paths is refused the second time [RFC3261 §8.2.2.2]', () => {
    arrive(request('INVITE', '192.0.2.1;branch=z9hG4bKx'));
    arrive(request('INVITE', '192.0.2.3;branch=z9hG4bKy'));
    expect(server.log).toEqual(['INVITE']);
    expect(times('482')).toEqual([0]);
  });

  it('a response that nobody waits for is counted; a late 2xx to an INVITE is told', () => {
    const response = (method: string) => `
SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKnone
From: <sip:a@a>;tag=a
To: <sip:b@b>;tag=b
Call-ID: 1
CSeq: 1 ${method}`;
    arrive(response('OPTIONS'));
    expect(server.counters.get('sip.stray-response')).toBe(1);
    arrive(response('INVITE'));
    expect(server.log).toEqual(['stray-success']);
  });

  it('responses go where the request came from, also where nobody asked for it [RFC3581 §4]', () => {
    server.onRequest = (transaction) => server.respond(transaction, 200);
    const to: unknown[] = [];
    network.tap = (_from, address) => to.push(address);
    arrive(request('OPTIONS', '10.0.0.1:5062;branch=z9hG4bKx'), { ip: '198.51.100.7', port: 40_000 });
    expect(to).toEqual([{ transport: 'udp', ip: '198.51.100.7', port: 40_000 }]);
  });

  it('a flood of requests does not grow the table beyond its limit', () => {
    for (let i = 0; i < 20_000; i++)
      arrive(request('OPTIONS', `192.0.2.1;branch=z9hG4bK${i}`).replace('Call-ID: 1', `Call-ID: ${i}`));
    expect(server.layer.load.servers).toBe(16_384);
    expect(server.counters.get('sip.too-many-transactions')).toBe(20_000 - 16_384);
  });

  it('under load those that only wait for stragglers make room, the oldest first', () => {
    server.onRequest = (transaction) => server.respond(transaction, 200);
    const one = (i: number) =>
      arrive(request('OPTIONS', `192.0.2.1;branch=z9hG4bK${i}`).replace('Call-ID: 1', `Call-ID: ${i}`));
    for (let i = 0; i < 20_000; i++) one(i);
    expect(server.log).toHaveLength(20_000);
    expect(server.counters.get('sip.too-many-transactions')).toBe(0);
    expect(server.layer.load.servers).toBe(16_384);
    one(20_000 - 16_384);
    expect(server.log).toHaveLength(20_000);
    one(20_000 - 16_385);
    expect(server.log).toHaveLength(20_001);
    network.runFor(32_000);
    expectEmpty();
  });

  it('under load INVITEs that were refused make room, too, the oldest first, and are told of as unacknowledged', () => {
    server.onRequest = (transaction) => server.respond(transaction, 401);
    for (let i = 0; i < 20_000; i++) {
      arrive(request('INVITE', `192.0.2.1;branch=z9hG4bK${i}`).replace('Call-ID: 1', `Call-ID: ${i}`));
      if (i % 100 === 0) network.runFor(1);
    }
    expect(server.log.filter((line) => line === 'INVITE')).toHaveLength(20_000);
    expect(server.counters.get('sip.too-many-transactions')).toBe(0);
    expect(server.counters.get('sip.refusal-unacknowledged')).toBe(20_000 - 16_384);
    expect(server.layer.load.servers).toBe(16_384);
    network.runFor(32_000);
    expect(server.counters.get('sip.refusal-unacknowledged')).toBe(20_000);
    expectEmpty();
  });

  it('a CANCEL that comes when the INVITE is accepted or refused is answered 200 with its tag [RFC3261 §9.2]', () => {
    const tags: (string | undefined)[] = [];
    network.tap = (_from, _to, bytes) => tags.push(/^To:.*tag=(.*)$/m.exec(utf8Decode(bytes))?.[1]?.trim());
    for (const [branch, status] of [
      ['x', 200],
      ['y', 486],
    ] as const) {
      const via = `192.0.2.1;branch=z9hG4bK${branch}`;
      const as = (text: string) => text.replace('Call-ID: 1', `Call-ID: ${branch}`);
      server.onRequest = (transaction) => server.respond(transaction, status);
      arrive(as(request('INVITE', via)));
      arrive(as(request('ACK', via, 'sip:b@b;tag=to-5060')));
      arrive(as(request('CANCEL', via)));
    }
    expect(tags).toEqual(['to-5060', 'to-5060', 'to-5060', 'to-5060']);
    expect(server.log).toEqual(['INVITE', 'ack', 'INVITE']);
  });

  it('one request that comes over a second path once it was answered is refused, too [RFC3261 §8.2.2.2]', () => {
    server.onRequest = (transaction) => server.respond(transaction, 200);
    arrive(request('OPTIONS', '192.0.2.1;branch=z9hG4bKx'));
    arrive(request('OPTIONS', '192.0.2.3;branch=z9hG4bKy'));
    expect(server.log).toEqual(['OPTIONS']);
    expect(times('482')).toEqual([0]);
    network.runFor(32_000);
    arrive(request('OPTIONS', '192.0.2.3;branch=z9hG4bKz'));
    expect(server.log).toEqual(['OPTIONS', 'OPTIONS']);
  });
});
