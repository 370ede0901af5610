import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import type { Call } from '../../src/iax2/endpoint.ts';
import { FUZZ_MS, FUZZ_SEED } from '../support/fuzz.ts';
import { peer, Switch } from '../support/iax2-world.ts';
import { Network, ROUGH } from '../support/network.ts';

const A = { ip: '192.0.2.1', port: 4569 };
const B = { ip: '192.0.2.2', port: 4569 };

/** One of the ways in which a datagram comes out of a hostile or broken network. */
function damage(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const copy = Uint8Array.from(bytes);
  switch (random.integer(5)) {
    case 0:
      copy[random.integer(copy.length)]! ^= 1 << random.integer(8);
      return copy;
    case 1:
      return copy.subarray(0, random.integer(copy.length + 1));
    case 2:
      return Uint8Array.from([...copy, ...Array.from({ length: random.integer(20) }, () => random.integer(256))]);
    case 3:
      // The header stays right, so that it gets past the sequence numbers.
      for (let i = 11; i < copy.length; i++) if (random.integer(4) === 0) copy[i] = random.integer(256);
      return copy;
    default:
      copy[8] = random.integer(256);
      copy[9] = random.integer(256);
      return copy;
  }
}

/** A registration, calls both ways, all verbs, while every datagram may come damaged as well as whole. */
function run(seed: number): void {
  const network = new Network(seed, { ...ROUGH, loss: 0.02 });
  const random = new SeededRandom(seed);
  const common = { remoteDialplan: true, qualify: { everyMs: 5_000, timeoutMs: 1_000 } } as const;
  const a = new Switch(network, A, seed, {
    peers: [peer({ name: 'b', host: B.ip, username: 'a', register: { refreshS: 10 }, ...common })],
  });
  const b = new Switch(network, B, seed + 1, { peers: [peer({ name: 'a', host: 'dynamic', ...common })] });
  b.onCall = (call, event, nowMs) => {
    if (event.type === 'incoming') call.answer(nowMs);
  };
  network.tap = (from, to, bytes) => {
    if (random.integer(3) > 0) return;
    const bad = damage(bytes, random);
    const target = to.ip === A.ip ? a : b;
    target.host.input((station, nowMs) => station.handleDatagram(bad, from, nowMs));
  };
  const calls: Call[] = [];
  for (let i = 0; i < 5; i++) {
    calls.push(a.dial('b', `60${i}`));
    a.command((endpoint, nowMs) => endpoint.lookup({ peer: 'b', number: String(i) }, nowMs));
    network.runFor(500);
    for (const call of [...calls, ...b.incoming]) {
      const owner = b.incoming.includes(call) ? b : a;
      owner.with(call, (c, nowMs) => {
        c.sendDigit('5', 60, nowMs);
        c.sendText('text', nowMs);
        c.hold(nowMs);
        c.unhold(nowMs);
      });
    }
    network.runFor(3_000);
  }
  network.tap = undefined;
  for (const one of [a, b]) one.command((endpoint, nowMs) => endpoint.stop(nowMs));
  network.runFor(120_000);
  for (const one of [a, b]) {
    expect(one.endpoint.load).toEqual({ calls: 0, dialogs: 0, callNumbers: 0 });
    expect(one.media.streams.size).toBe(0);
  }
}

describe('an endpoint under damaged datagrams', () => {
  it(`never throws, and has forgotten everything in the end (seed ${FUZZ_SEED})`, () => {
    const endMs = performance.now() + FUZZ_MS;
    for (let round = 0; performance.now() < endMs; round++) {
      const seed = (FUZZ_SEED + round) % 2 ** 32;
      try {
        run(seed);
      } catch (error) {
        throw new Error(`BRANCHLINE_FUZZ_SEED=${seed}`, { cause: error });
      }
    }
  });
});
