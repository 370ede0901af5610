import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import { Authenticator } from '../../src/sip/authenticator.ts';
import { Registrant } from '../../src/sip/registrant.ts';
import { Registrar } from '../../src/sip/registrar.ts';
import { sipUri } from '../../src/sip/uri.ts';
import { seededCrypto } from '../support/iax2-world.ts';
import { Network, type Weather } from '../support/network.ts';
import { SipStation } from '../support/sip-station.ts';

const OFFICE = { ip: '192.0.2.10', port: 5060 };
const PHONE = { ip: '198.51.100.7', port: 5060 };
const STORM: Weather = { loss: 0.3, duplication: 0.1, minDelayMs: 5, maxDelayMs: 250 };
const SEEDS = 200;

/** A registrar and a phone that knows its secret, or does not. */
function world(seed: number, weather: Weather, secret = 'geheim', expiresS = 600) {
  const network = new Network(seed, weather);
  const wallClock = () => 1_795_000_000_000 + network.nowMs;
  const office = new SipStation(network, OFFICE, seed);
  const authenticator = new Authenticator({
    crypto: seededCrypto(seed),
    realm: 'office',
    secretOf: (user) => (user === '211' ? { password: 'geheim' } : undefined),
  });
  const crypto = seededCrypto(seed + 1);
  const registrar = new Registrar({ crypto, authenticator, counters: office.counters, wallClock });
  office.tenants.push(registrar);
  office.onRequest = (transaction, nowMs) => {
    const response = registrar.handleRegister(transaction.request, transaction.from, nowMs);
    if (response !== undefined) office.layer.respond(transaction, response, nowMs);
  };
  const phone = new SipStation(network, PHONE, seed + 2);
  const registrant = new Registrant(
    { registrar: sipUri({ host: OFFICE.ip }), username: '211', secret: { password: secret }, expiresS },
    {
      crypto: seededCrypto(seed + 3),
      random: new SeededRandom(seed),
      wallClock,
      contact: () => sipUri({ host: PHONE.ip, port: PHONE.port, user: '211' }),
      send: (request, user, nowMs) => phone.layer.send(request, { transport: 'udp', ...OFFICE }, user, nowMs),
      changed: () => {},
    },
  );
  phone.tenants.push(registrant);
  registrant.start(network.nowMs);
  phone.host.drain();
  return { network, office, registrar, phone, registrant };
}

describe(`registrations over a network that loses, doubles and reorders, ${SEEDS} seeds each`, () => {
  it('a phone is registered, stays so, and goes; nothing is left', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { network, office, registrar, phone, registrant } = world(seed, STORM);
      network.runFor(120_000);
      expect(registrant.status.state, `seed ${seed}`).toBe('registered');
      expect(registrar.bindingsOf('211'), `seed ${seed}`).toMatchObject([{ ip: PHONE.ip, port: PHONE.port }]);
      network.runFor(3_600_000);
      expect(registrant.status.state, `seed ${seed}`).toBe('registered');
      expect(registrar.bindings, `seed ${seed}`).toHaveLength(1);
      registrant.stop(network.nowMs);
      phone.host.drain();
      network.runFor(700_000);
      expect(registrar.bindings, `seed ${seed}`).toEqual([]);
      for (const { layer } of [office, phone]) expect(layer.load, `seed ${seed}`).toEqual({ clients: 0, servers: 0 });
      for (const machine of [office.layer, phone.layer, registrar, registrant])
        expect(machine.nextDeadline(), `seed ${seed}`).toBeUndefined();
    }
  });

  it('a phone with a wrong secret never gets in, and does not flood the office', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { network, registrar, registrant, office } = world(seed, STORM, 'wrong');
      network.runFor(3_600_000);
      expect(registrar.bindings).toEqual([]);
      expect(['no-auth', 'timeout', 'registering'], `seed ${seed}`).toContain(registrant.status.state);
      expect(office.log.length, `seed ${seed}`).toBeLessThan(60);
    }
  });

  it('an office that was away for an hour has its phone back within the longest wait', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { network, office, registrar, registrant } = world(seed, STORM);
      network.runFor(100_000);
      office.host.isDown = true;
      network.runFor(3_600_000);
      expect(registrant.status.state).not.toBe('registered');
      office.host.isDown = false;
      office.host.drain();
      registrar.handleTimeout(network.nowMs);
      // A minute between attempts, and one that began before the office was back may take 32 s.
      network.runFor(150_000);
      expect(registrant.status.state, `seed ${seed}`).toBe('registered');
      expect(registrar.bindings, `seed ${seed}`).toHaveLength(1);
    }
  });

  it('24 hours at 30 % loss are the same twice, and the phone is in reach almost all the time', () => {
    const run = () => {
      const { network, registrar } = world(7, STORM, 'geheim', 120);
      let reachableS = 0;
      for (let second = 0; second < 86_400; second += 10) {
        network.runFor(10_000);
        if (registrar.bindings.length > 0) reachableS += 10;
      }
      return { share: reachableS / 86_400, sent: network.sent };
    };
    const first = run();
    console.log(`24 h at 30 % loss: bound ${(100 * first.share).toFixed(2)} % of the time, ${first.sent} datagrams`);
    expect(first.share).toBeGreaterThan(0.99);
    expect(run()).toEqual(first);
  });
});
