import { describe, expect, it } from 'vitest';
import { formatAddress } from '../../src/base/machine.ts';
import type { PeerConfig } from '../../src/iax2/endpoint.ts';
import { peer, Switch } from '../support/iax2-world.ts';
import { Network, ROUGH, type Weather } from '../support/network.ts';

const CENTRE = { ip: '192.0.2.10', port: 4569 };
const BRANCH = { ip: '198.51.100.7', port: 4569 };
const SEEDS = 500;
/** A minute between attempts, and five seconds for one that began before the centre was back. */
const LONGEST_WAIT_MS = 66_000;

function world(seed: number, weather: Weather, more: Partial<PeerConfig> = {}) {
  const network = new Network(seed, weather);
  const centre = new Switch(network, CENTRE, seed * 2 + 1, { peers: [peer({ name: 'lyon', host: 'dynamic' })] });
  const hq = peer({ name: 'hq', host: CENTRE.ip, username: 'lyon', register: { refreshS: 60 }, ...more });
  const branch = new Switch(network, BRANCH, seed * 2 + 2, { peers: [hq] });
  return { network, centre, branch };
}

function registrationOf(branch: Switch) {
  return branch.endpoint.peerStatus('hq')!.registration!;
}

describe('registration in simulation', () => {
  it(`succeeds in the end whatever the order of datagrams, is refreshed, and is given back, ${SEEDS} seeds [RFC5456 §6.1.2] [RFC5456 §6.1.3] [RFC5456 §6.1.4] [RFC5456 §6.1.6]`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { network, centre, branch } = world(seed, ROUGH);
      network.runFor(1_000);
      expect(registrationOf(branch).state, `seed ${seed}`).toBe('registered');
      network.runFor(120_000);
      expect(registrationOf(branch)).toMatchObject({
        state: 'registered',
        apparent: formatAddress(BRANCH),
        refreshS: 60,
      });
      expect(centre.endpoint.bindings, `seed ${seed}`).toMatchObject([{ peer: 'lyon', ...BRANCH }]);
      branch.command((endpoint, now) => endpoint.stop(now));
      network.runFor(60_000);
      expect(centre.endpoint.bindings, `seed ${seed}`).toEqual([]);
      for (const one of [centre, branch]) {
        expect(one.endpoint.load, `seed ${seed}`).toEqual({ calls: 0, dialogs: 0, callNumbers: 0 });
        expect(one.endpoint.nextDeadline(), `seed ${seed}`).toBeUndefined();
      }
    }
  });

  it('holds for 24 hours at 30 % loss: never away for long, twice identically', () => {
    const run = () => {
      const { network, centre, branch } = world(30, { loss: 0.3, duplication: 0.05, minDelayMs: 10, maxDelayMs: 80 });
      let boundMs = 0;
      const history: string[] = [];
      for (let second = 0; second < 86_400; second += 10) {
        network.runFor(10_000);
        if (centre.endpoint.bindings.length > 0) boundMs += 10_000;
        history.push(registrationOf(branch).state);
      }
      return { share: boundMs / 86_400_000, history: history.join(), sent: network.sent };
    };
    const first = run();
    console.log(`24 h at 30 % loss: bound ${(100 * first.share).toFixed(2)} % of the time, ${first.sent} datagrams`);
    expect(first.share).toBeGreaterThan(0.97);
    expect(run()).toEqual(first);
  });

  it('a NAT that rebinds is noticed at the next refresh, and the new address is an event [RFC5456 §7.3]', () => {
    const { network, centre, branch } = world(3, ROUGH, { register: { refreshS: 60, everyMs: 8_000 } });
    network.runFor(5_000);
    branch.host.rebind(40_001);
    network.runFor(10_000);
    expect(centre.endpoint.bindings).toMatchObject([{ peer: 'lyon', ip: BRANCH.ip, port: 40_001 }]);
    const moved = branch.outputs.filter((output) => output.type === 'registration' && output.apparentChanged);
    expect(moved).toHaveLength(1);
    expect(registrationOf(branch).apparent).toBe('198.51.100.7:40001');
  });

  it('a new address of our own registers at once', () => {
    const { network, centre, branch } = world(4, ROUGH);
    network.runFor(5_000);
    branch.host.rebind(40_002);
    branch.command((endpoint, now) => endpoint.reregister('hq', now));
    network.runFor(1_000);
    expect(centre.endpoint.bindings).toMatchObject([{ port: 40_002 }]);
    branch.command((endpoint, now) => endpoint.reregister('hq', now));
    branch.command((endpoint, now) => endpoint.reregister('hq', now));
    expect(branch.endpoint.load.dialogs).toBe(1);
  });

  it('a centre that is away is a timeout with a reason, and found again when it returns, within the longest wait', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { network, centre, branch } = world(seed, ROUGH);
      network.runFor(5_000);
      centre.host.isDown = true;
      network.runFor(400_000);
      expect(registrationOf(branch)).toMatchObject({
        state: 'timeout',
        reason: expect.stringMatching(/^192\.0\.2\.10:4569 did not answer within \d+ s\.$/),
      });
      centre.host.isDown = false;
      centre.restart();
      network.runFor(LONGEST_WAIT_MS);
      expect(registrationOf(branch), `seed ${seed}`).toMatchObject({ state: 'registered', reason: null });
    }
  });

  it('a thousand branches come back after an outage of the centre without a burst, and all are bound [RFC5456 §7.2.2]', () => {
    const network = new Network(1000, ROUGH);
    const names = Array.from({ length: 1_000 }, (_, i) => `branch-${i}`);
    const peers = names.map((name) => peer({ name, host: 'dynamic' }));
    const centre = new Switch(network, CENTRE, 1, { peers, limits: { callNumbersPerAddress: 32_000 } });
    const branches = names.map((name, i) => {
      const hq = peer({ name: 'hq', host: CENTRE.ip, username: name, register: { refreshS: 60 } });
      return new Switch(network, { ip: `10.0.${i >> 8}.${i & 255}`, port: 4569 }, i + 2, { peers: [hq] });
    });
    network.runFor(10_000);
    expect(centre.endpoint.bindings).toHaveLength(1_000);
    centre.host.isDown = true;
    network.runFor(180_000);
    centre.host.isDown = false;
    centre.restart();
    const perSecond = new Map<number, number>();
    network.tap = (_from, to) => {
      if (to.ip !== CENTRE.ip) return;
      const second = Math.floor(network.nowMs / 1000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    };
    network.runFor(LONGEST_WAIT_MS);
    const peak = Math.max(...perSecond.values());
    console.log(`1,000 registrants after an outage: at most ${peak} datagrams in a second at the centre`);
    expect(centre.endpoint.bindings).toHaveLength(1_000);
    expect(peak).toBeLessThan(1_000);
    expect(branches.every((branch) => registrationOf(branch).state === 'registered')).toBe(true);
  });
});
