import { describe, expect, it } from 'vitest';
import { InviteClientTransaction } from '../../src/sip/invite-client-transaction.ts';
import { Network, type Weather } from '../support/network.ts';
import { SipStation } from '../support/sip-station.ts';

const A = { ip: '192.0.2.1', port: 5060 };
const B = { ip: '192.0.2.2', port: 5060 };
const SEEDS = 200;
/** A third is lost, some come twice, and they overtake each other by up to half of T1. */
const STORM: Weather = { loss: 0.3, duplication: 0.1, minDelayMs: 5, maxDelayMs: 250 };

function world(seed: number) {
  const network = new Network(seed, STORM);
  return { network, client: new SipStation(network, A, seed), server: new SipStation(network, B, seed + 10_000) };
}

function expectEmpty(seed: number, ...stations: SipStation[]): void {
  for (const { layer } of stations) {
    expect(layer.load, `seed ${seed}`).toEqual({ clients: 0, servers: 0 });
    expect(layer.nextDeadline(), `seed ${seed}`).toBeUndefined();
  }
}

describe(`transactions over a network that loses, doubles and reorders, ${SEEDS} seeds each`, () => {
  it('a request is seen once and answered once', () => {
    let timeouts = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { network, client, server } = world(seed);
      server.onRequest = (transaction) => server.respond(transaction, 200);
      for (let i = 0; i < 10; i++) client.send('OPTIONS', B);
      network.runFor(100_000);
      timeouts += client.log.filter((what) => what === 'timeout').length;
      expect(client.log.length, `seed ${seed}`).toBe(10);
      expect(server.log.length, `seed ${seed}`).toBeLessThanOrEqual(10);
      expect(new Set(server.log)).toEqual(new Set(['OPTIONS']));
      expectEmpty(seed, client, server);
    }
    // Eleven tries, half of which are answered: about one in two thousand is lost for good.
    expect(timeouts).toBeLessThan(10);
  });

  it('an INVITE is refused once, and both sides forget it', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { network, client, server } = world(seed);
      server.onRequest = (transaction) => {
        server.respond(transaction, 180);
        server.respond(transaction, 486);
      };
      client.send('INVITE', B);
      network.runFor(300_000);
      const finals = client.log.filter((what) => what !== '180' && what !== '100');
      expect(finals.length, `seed ${seed}`).toBe(1);
      expect(server.log.filter((what) => what === 'INVITE').length, `seed ${seed}`).toBeLessThanOrEqual(1);
      expectEmpty(seed, client, server);
    }
  });

  it('CANCEL races with 200: the call is over or it stands, and nothing is left', () => {
    const outcomes = { cancelled: 0, accepted: 0, lost: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { network, client, server } = world(seed);
      server.onRequest = (transaction) => {
        server.respond(transaction, 180);
        const answerAtMs = network.nowMs + network.random.integer(1_500);
        server.onCancel = (cancelled) => server.respond(cancelled, 487);
        pending.push(() => {
          if (network.nowMs >= answerAtMs) server.respond(transaction, 200);
          return network.nowMs >= answerAtMs;
        });
      };
      let pending: (() => boolean)[] = [];
      const invite = client.send('INVITE', B) as InviteClientTransaction;
      expect(invite).toBeInstanceOf(InviteClientTransaction);
      for (let elapsedMs = 0; elapsedMs < 40_000; elapsedMs += 50) {
        network.runFor(50);
        pending = pending.filter((due) => !due());
        if (elapsedMs === 1_000) {
          client.layer.cancel(invite, network.nowMs);
          client.host.drain();
        }
      }
      // The user of the transaction repeats its 2xx; here it is left at the one, which may be lost.
      network.runFor(300_000);
      if (client.log.includes('487')) outcomes.cancelled++;
      else if (client.log.includes('200')) outcomes.accepted++;
      else outcomes.lost++;
      expectEmpty(seed, client, server);
    }
    expect(outcomes.cancelled).toBeGreaterThan(10);
    expect(outcomes.accepted).toBeGreaterThan(10);
  });
});
