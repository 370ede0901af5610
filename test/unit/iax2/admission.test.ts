import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { deriveKey } from '../../../src/iax2/encryption.ts';
import { encodeFullFrame } from '../../../src/iax2/frame.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from '../../../src/iax2/subclass.ts';
import { nodeCrypto } from '../../../src/io/node-crypto.ts';
import { Probe } from '../../support/iax2-probe.ts';
import { peer, Switch } from '../../support/iax2-world.ts';
import { Network } from '../../support/network.ts';

const HERE = { ip: '192.0.2.1', port: 4569 };
const THERE = { ip: '198.51.100.9', port: 4569 };
const CALL = { version: 2, calledNumber: '600', username: 'phone', format: 4n, capability: 12n };

function world(...peers: Parameters<typeof peer>[0][]) {
  const network = new Network(1);
  const configs = peers.length === 0 ? [{ name: 'phone', host: 'dynamic' }] : peers;
  const here = new Switch(network, HERE, 1, { peers: configs.map((fields) => peer(fields)) });
  return { network, here, probe: new Probe(network, THERE, HERE) };
}

const names = (heard: readonly { name: string }[]) => heard.map(({ name }) => name);

describe('call tokens, on the answering side', () => {
  it('a NEW with an empty token is answered from call 1 with one, and leaves no trace', () => {
    const { here, probe } = world();
    const [reply] = probe.iax('NEW', { ...CALL, callToken: new Uint8Array(0) });
    expect(reply).toMatchObject({
      name: 'CALLTOKEN',
      frame: { sourceCall: 1, destinationCall: 7, oseqno: 0, iseqno: 1 },
    });
    expect(here.endpoint.load).toEqual({ calls: 0, dialogs: 0, callNumbers: 0 });
  });

  it('a NEW without the element is refused from call 1 without reasons, and the log has the reason', () => {
    const { here, probe } = world();
    const [reply] = probe.iax('NEW', CALL);
    expect(reply).toMatchObject({ name: 'REJECT', frame: { sourceCall: 1 }, ies: {} });
    expect(here.counters.get('iax2.token-missing')).toBe(1);
  });

  it('a token of another address or an old one is refused', () => {
    const { network, here, probe } = world();
    const [reply] = probe.iax('NEW', { ...CALL, callToken: new Uint8Array(0) });
    const callToken = reply!.ies.callToken!;
    const other = new Probe(network, { ip: '198.51.100.10', port: 4569 }, HERE);
    expect(names(other.iax('NEW', { ...CALL, callToken }))).toEqual(['REJECT']);
    network.runFor(10_000);
    expect(names(probe.iax('NEW', { ...CALL, callToken }))).toEqual(['REJECT']);
    expect([here.counters.get('iax2.token-invalid'), here.counters.get('iax2.token-expired')]).toEqual([1, 1]);
  });

  it('a peer with `callToken: no` needs none; with `auto` none until it has shown that it knows them', () => {
    const { probe } = world(
      { name: 'old', host: 'dynamic', callToken: 'no' },
      { name: 'maybe', host: 'dynamic', callToken: 'auto' },
    );
    expect(names(probe.iax('NEW', { ...CALL, username: 'old' }))).toEqual(['AUTHREQ']);
    expect(names(probe.iax('NEW', { ...CALL, username: 'maybe' }, { sourceCall: 8 }))).toEqual(['AUTHREQ']);
    expect(names(probe.open('NEW', { ...CALL, username: 'maybe' }, 9))).toContain('AUTHREQ');
    expect(names(probe.iax('NEW', { ...CALL, username: 'maybe' }, { sourceCall: 10 }))).toEqual(['REJECT']);
  });

  it('a REGREQ by a name of one letter gets a token that holds', () => {
    const { probe } = world({ name: 'a', host: 'dynamic' });
    expect(names(probe.open('REGREQ', { username: 'a', refreshS: 60 }))).toEqual(['REGAUTH']);
  });
});

describe('who may come in', () => {
  it('a name that nobody has is challenged like any other, and refused after the proof [RFC5456 §6.2.6]', () => {
    const { here, probe } = world();
    const [challenge] = probe.open('NEW', { ...CALL, username: 'nobody' });
    expect(challenge).toMatchObject({ name: 'AUTHREQ', ies: { authMethods: 2, username: 'nobody' } });
    const destinationCall = challenge!.frame.sourceCall;
    const heard = probe.iax('AUTHREP', { md5Result: '0'.repeat(32) }, { destinationCall, oseqno: 1, iseqno: 1 });
    expect(heard).toMatchObject([{ name: 'REJECT', ies: { cause: 'No authority found', causeCode: 50 } }]);
    expect(here.outputs.filter(({ type }) => type === 'call')).toEqual([]);
    expect(here.counters.get('iax2.unknown-user')).toBe(1);
  });

  it('a caller that gives no name is told in the challenge whose secret is meant', () => {
    const { username: _name, ...anonymous } = CALL;
    const { probe } = world({ name: 'central', host: THERE.ip });
    expect(probe.open('NEW', anonymous)).toMatchObject([{ name: 'AUTHREQ', ies: { username: 'central' } }]);
  });

  it('a challenge is different each time [RFC5456 §8.6.14]', () => {
    const { probe } = world();
    const challenges = [7, 8].map((call) => toHex(probe.open('NEW', CALL, call)[0]!.ies.challenge!));
    expect(challenges[0]).not.toBe(challenges[1]);
  });

  it('an address that guesses is not heard any more after twenty failures, and is heard again after five minutes', () => {
    const { network, here, probe } = world();
    const guess = (sourceCall: number) => {
      const challenge = probe.open('NEW', CALL, sourceCall).find(({ name }) => name === 'AUTHREQ');
      if (challenge === undefined) return false;
      const destinationCall = challenge.frame.sourceCall;
      const reply = probe.iax('AUTHREP', { md5Result: '0' }, { sourceCall, destinationCall, oseqno: 1, iseqno: 1 });
      probe.iax('ACK', {}, { sourceCall, destinationCall, oseqno: 2, iseqno: 2 });
      return reply.some(({ name }) => name === 'REJECT');
    };
    const heard = Array.from({ length: 25 }, (_, i) => guess(100 + i));
    expect(heard.filter(Boolean)).toHaveLength(20);
    expect(
      here.outputs
        .filter((o) => o.type === 'security')
        .map((o) => o.event)
        .at(-1),
    ).toBe('locked-out');
    network.runFor(300_000);
    expect(guess(200)).toBe(true);
  });

  it('the right secret opens the call', () => {
    const { here, probe } = world();
    const [challenge] = probe.open('NEW', CALL);
    const destinationCall = challenge!.frame.sourceCall;
    const md5Result = toHex(deriveKey(nodeCrypto, challenge!.ies.challenge!, 's3cret'));
    expect(names(probe.iax('AUTHREP', { md5Result }, { destinationCall, oseqno: 1, iseqno: 1 }))).toEqual(['ACK']);
    expect(here.incoming).toHaveLength(1);
  });

  it('a peer without a secret whose address nothing proves is accepted first and shown when it answers', () => {
    const { here, probe } = world({ name: 'phone', host: 'dynamic', secrets: [], callToken: 'no' });
    const [accept] = probe.iax('NEW', CALL);
    expect(accept).toMatchObject({ name: 'ACCEPT', ies: { format: 4n } });
    expect(here.incoming).toHaveLength(0);
    probe.iax('ACK', {}, { destinationCall: accept!.frame.sourceCall, oseqno: 1, iseqno: 1 });
    expect(here.incoming).toHaveLength(1);
  });

  it('a call without a codec that both can is refused with cause 58 [RFC5456 §6.2.2]', () => {
    const { probe } = world({ name: 'phone', host: 'dynamic', secrets: [] });
    const heard = probe.open('NEW', { ...CALL, format: 2n, capability: 2n });
    expect(heard).toMatchObject([{ name: 'REJECT', ies: { cause: 'Unable to negotiate codec', causeCode: 58 } }]);
  });

  it('a peer that has as many calls as it may have is refused with cause 34', () => {
    const { here, probe } = world({ name: 'phone', host: 'dynamic', secrets: [], maxCalls: 1 });
    probe.open('NEW', CALL, 7);
    const second = probe.open('NEW', CALL, 8);
    expect(second).toMatchObject([{ name: 'REJECT', ies: { causeCode: 34 } }]);
    expect(here.incoming).toHaveLength(1);
  });

  it('a call that must go through is taken from a phone that has as many, and not from a switch', () => {
    for (const host of ['dynamic', THERE.ip]) {
      const network = new Network(1);
      const config = peer({ name: 'phone', host, type: 'friend', secrets: [], maxCalls: 1 });
      const mustGoThrough = (_context: string, number: string) => number === '112';
      const here = new Switch(network, HERE, 1, { peers: [config], mustGoThrough });
      const probe = new Probe(network, THERE, HERE);
      probe.open('NEW', CALL, 7);
      probe.open('NEW', { ...CALL, calledNumber: '112' }, 8);
      expect(here.incoming).toHaveLength(host === 'dynamic' ? 2 : 1);
    }
  });

  it('a retransmitted NEW is acknowledged and makes no second call', () => {
    const { here, probe } = world({ name: 'phone', host: 'dynamic', secrets: [] });
    const [token] = probe.iax('NEW', { ...CALL, callToken: new Uint8Array(0) });
    const ies = { ...CALL, callToken: token!.ies.callToken! };
    probe.iax('NEW', ies);
    expect(names(probe.iax('NEW', ies, { retransmission: true }))).toEqual(['ACK']);
    expect(here.incoming).toHaveLength(1);
  });

  it('dialogs of peers that need no token are limited in number', () => {
    const network = new Network(1);
    const old = peer({ name: 'old', host: 'dynamic', callToken: 'no' });
    const here = new Switch(network, HERE, 1, { peers: [old], limits: { unproven: 5 } });
    for (let i = 0; i < 20; i++) {
      const forged = new Probe(network, { ip: `203.0.113.${i}`, port: 4569 }, HERE);
      forged.iax('NEW', { ...CALL, username: 'old' });
    }
    expect(here.endpoint.load.dialogs).toBe(5);
    expect(here.counters.get('iax2.call-number-limit')).toBe(15);
    network.runFor(60_000);
    expect(here.endpoint.load.dialogs).toBe(0);
  });
});

describe('frames of calls that are not there', () => {
  it('are answered with INVAL [RFC5456 §6.9.2]', () => {
    const { here, probe } = world();
    const heard = probe.iax('PING', {}, { destinationCall: 99, oseqno: 4, iseqno: 5 });
    expect(heard).toMatchObject([{ name: 'INVAL', frame: { sourceCall: 99, destinationCall: 7 } }]);
    expect(here.counters.get('iax2.unknown-call')).toBe(1);
  });

  it.each(['ACK', 'INVAL'] as const)('are not answered if they are %s, or two switches would never stop', (name) => {
    const { probe } = world();
    expect(probe.iax(name, {}, { destinationCall: 99 })).toEqual([]);
  });

  it('from another address than the call is held with do not reach it', () => {
    const { network, here, probe } = world({ name: 'phone', host: 'dynamic', secrets: [] });
    const heard = probe.open('NEW', CALL);
    const destinationCall = heard[0]!.frame.sourceCall;
    const forger = new Probe(network, { ip: '203.0.113.66', port: 4569 }, HERE);
    forger.iax('HANGUP', {}, { destinationCall, oseqno: 1, iseqno: 0 });
    expect(here.incoming[0]!.state).toBe('offered');
  });

  it('with another source call number than the call has are passed over', () => {
    const { here, probe } = world({ name: 'phone', host: 'dynamic', secrets: [] });
    const destinationCall = probe.open('NEW', CALL)[0]!.frame.sourceCall;
    probe.iax('HANGUP', {}, { sourceCall: 8, destinationCall, oseqno: 1, iseqno: 0 });
    expect(here.incoming[0]!.state).toBe('offered');
    expect(here.counters.get('iax2.wrong-call-number')).toBe(1);
  });

  it('POKE is answered with a PONG from call 1 [RFC5456 §6.7.1]', () => {
    const { here, probe } = world();
    expect(probe.iax('POKE', {}, { timestamp: 77 })).toMatchObject([
      { name: 'PONG', frame: { sourceCall: 1, destinationCall: 7, timestamp: 77, iseqno: 1 } },
    ]);
    expect(here.endpoint.load.dialogs).toBe(0);
  });

  it('random bytes never throw and are counted', () => {
    const { here, probe } = world({ name: 'phone', host: 'dynamic', secrets: [] });
    const destinationCall = probe.open('NEW', CALL)[0]!.frame.sourceCall;
    const { random } = new Network(99);
    for (let i = 0; i < 3_000; i++) {
      const bytes = Uint8Array.from({ length: random.integer(60) }, () => random.integer(256));
      if (i % 2 === 0 && bytes.length >= 12) {
        const head = encodeFullFrame({ sourceCall: 7, destinationCall, frameType: FRAME_TYPE.IAX, subclass: 0 });
        bytes.set(head.subarray(0, 4));
        bytes[10] = FRAME_TYPE.IAX;
        bytes[11] = IAX_SUBCLASS.NEW + random.integer(41);
      }
      probe.sendBytes(bytes, 1);
    }
    const counted = Object.values(here.counters.snapshot()).reduce((sum, count) => sum + count, 0);
    expect(counted).toBeGreaterThan(1_000);
  });
});
