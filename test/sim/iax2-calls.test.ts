import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import type { Call } from '../../src/iax2/endpoint.ts';
import { peer, Switch } from '../support/iax2-world.ts';
import { Network, ROUGH, type Weather } from '../support/network.ts';

const A = { ip: '192.0.2.1', port: 4569 };
const B = { ip: '192.0.2.2', port: 4569 };
const SEEDS = 500;
/** Nothing takes longer: retransmission, set-up and silence all end before it. */
const BOUND_MS = 120_000;

interface Pair {
  readonly network: Network;
  readonly a: Switch;
  readonly b: Switch;
}

function pair(seed: number, weather: Weather): Pair {
  const network = new Network(seed, weather);
  const a = new Switch(network, A, seed * 2 + 1, { peers: [peer({ name: 'b', host: B.ip, username: 'a' })] });
  const b = new Switch(network, B, seed * 2 + 2, { peers: [peer({ name: 'a', host: A.ip, username: 'b' })] });
  return { network, a, b };
}

function hangupOf(one: Switch, call: Call) {
  const last = one.eventsOf(call).at(-1);
  return last?.type === 'hangup' ? last : undefined;
}

/** Both ends have forgotten everything, and every call that was shown ended with exactly one hangup, its last event. */
function expectEmpty({ a, b }: Pair, seed: number): void {
  for (const one of [a, b]) {
    expect(one.endpoint.load, `seed ${seed}`).toEqual({ calls: 0, dialogs: 0, callNumbers: 0 });
    expect(one.endpoint.nextDeadline(), `seed ${seed}`).toBeUndefined();
    expect(one.media.streams.size, `seed ${seed}`).toBe(0);
    for (const events of one.events.values()) {
      expect(events.filter(({ type }) => type === 'hangup').length, `seed ${seed}`).toBe(1);
      expect(events.at(-1)?.type, `seed ${seed}`).toBe('hangup');
    }
  }
}

/** Answers after a while, as a person would. */
function answerAfter(one: Switch, ringMs: number): void {
  one.onCall = (call, event, nowMs) => {
    if (event.type === 'incoming') call.ringing(nowMs);
    if (event.type === 'incoming') later(one, ringMs, () => one.with(call, (c, atMs) => c.answer(atMs)));
  };
}

/** Runs something at a time of the network's clock. */
function later(one: Switch, delayMs: number, action: () => void): void {
  let dueMs: number | undefined = one.network.nowMs + delayMs;
  const outputs: never[] = [];
  const host = one.network.add(
    { ip: '0.0.0.0', port: Math.floor(one.network.random.next() * 1e9) },
    {
      handleDatagram: () => {},
      handleTimeout: (nowMs) => {
        if (dueMs === undefined || nowMs < dueMs) return;
        dueMs = undefined;
        action();
      },
      poll: () => outputs.pop(),
      nextDeadline: () => dueMs,
    },
    () => {},
  );
  host.drain();
}

describe('reordering and duplication', () => {
  it(`every answered call carries its digits in order and ends the same at both ends, ${SEEDS} seeds`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = pair(seed, ROUGH);
      const { network, a, b } = world;
      answerAfter(b, 500);
      const call = a.dial('b', '600');
      network.runFor(2_000);
      expect(call.state, `seed ${seed}`).toBe('up');
      a.with(call, (c, now) => {
        for (const digit of '123#') c.sendDigit(digit, 80, now);
      });
      const there = b.incoming[0]!;
      b.with(there, (c, now) => c.sendDigit('9', 100, now));
      network.runFor(3_000);
      const digits = b.eventsOf(there).flatMap((event) => (event.type === 'digit' ? [event] : []));
      expect(digits.map(({ digit }) => digit).join(''), `seed ${seed}`).toBe('123#');
      expect(
        digits.every(({ durationMs }) => durationMs === 80),
        `seed ${seed}`,
      ).toBe(true);
      expect(a.typesOf(call), `seed ${seed}`).toEqual(['accepted', 'ringing', 'answered', 'digit-begin', 'digit']);
      const [one, other] = seed % 2 === 0 ? ([a, b] as const) : ([b, a] as const);
      one.with(one === a ? call : there, (c, now) => c.hangup('normal-clearing', now));
      network.runFor(BOUND_MS);
      expect(hangupOf(one, one === a ? call : there)?.by).toBe('local');
      expect(hangupOf(other, other === a ? call : there)).toMatchObject({ cause: 'normal-clearing', by: 'far-end' });
      expectEmpty(world, seed);
    }
  });

  it(`a busy number refuses every call with its cause, ${SEEDS} seeds`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = pair(seed, ROUGH);
      const { network, a, b } = world;
      b.onCall = (call, event, nowMs) => {
        if (event.type === 'incoming') call.reject('user-busy', nowMs);
      };
      const call = a.dial('b', '604');
      network.runFor(BOUND_MS);
      expect(hangupOf(a, call), `seed ${seed}`).toMatchObject({ cause: 'user-busy', by: 'far-end' });
      expectEmpty(world, seed);
    }
  });

  it(`hangups that cross end the call at both ends, ${SEEDS} seeds`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = pair(seed, ROUGH);
      const { network, a, b } = world;
      answerAfter(b, 100);
      const call = a.dial('b', '600');
      network.runFor(2_000);
      const there = b.incoming[0]!;
      a.with(call, (c, now) => c.hangup('normal-clearing', now));
      network.runFor(seed % 40);
      b.with(there, (c, now) => c.hangup('normal-clearing', now));
      network.runFor(BOUND_MS);
      expect([call.state, there.state], `seed ${seed}`).toEqual(['gone', 'gone']);
      expectEmpty(world, seed);
    }
  });

  it(`a restart of one end ends the call at the other in bounded time, ${SEEDS} seeds`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = pair(seed, ROUGH);
      const { network, a, b } = world;
      answerAfter(b, 100);
      const call = a.dial('b', '600');
      network.runFor(1_000 + (seed % 20_000));
      b.restart();
      b.events.clear();
      network.runFor(BOUND_MS);
      expect(hangupOf(a, call), `seed ${seed}`).toMatchObject({ cause: 'destination-out-of-order' });
      expectEmpty(world, seed);
    }
  });
});

describe('loss', () => {
  /** Dials `calls` times, hangs up after five seconds of talk, and gives how it went. */
  function run(seed: number, loss: number, calls: number) {
    const world = pair(seed, { loss, duplication: 0.02, minDelayMs: 10, maxDelayMs: 40 });
    const { network, a, b } = world;
    const random = new SeededRandom(seed);
    answerAfter(b, 200);
    const failures = new Map<string, number>();
    let answered = 0;
    a.onCall = (call, event) => {
      if (event.type === 'answered') {
        answered++;
        later(a, 5_000, () => a.with(call, (c, now) => c.hangup('normal-clearing', now)));
      }
    };
    for (let i = 0; i < calls; i++) {
      a.dial('b', String(i));
      network.runFor(random.integer(100));
    }
    network.runFor(2 * BOUND_MS);
    for (const events of a.events.values()) {
      const last = events.at(-1)!;
      if (last.type === 'hangup' && last.by !== 'local') failures.set(last.cause, (failures.get(last.cause) ?? 0) + 1);
    }
    expectEmpty(world, seed);
    // Whoever was answered spoke with somebody who answered.
    const answeredThere = new Set<string>();
    for (const [first] of b.events.values()) if (first?.type === 'incoming') answeredThere.add(first.request.number);
    for (const [id, events] of a.events)
      if (events.some(({ type }) => type === 'answered')) expect(answeredThere).toContain(String(id - 1));
    return { answered, share: answered / calls, failures };
  }

  it('at 5 % loss at least 99.8 % of the calls are set up', () => {
    const { share, failures } = run(5, 0.05, 2_000);
    console.log(`5 % loss: ${(100 * share).toFixed(2)} % set up; failures ${JSON.stringify([...failures])}`);
    expect(share).toBeGreaterThanOrEqual(0.998);
  });

  it('at 20 % loss not fewer calls are set up than four transmissions allow, and 10,000 calls take seconds', () => {
    const began = performance.now();
    const { share, failures } = run(20, 0.2, 10_000);
    const seconds = (performance.now() - began) / 1000;
    console.log(
      `20 % loss: ${(100 * share).toFixed(2)} % of 10,000 set up in ${seconds.toFixed(1)} s; failures ${JSON.stringify([...failures])}`,
    );
    expect(share).toBeGreaterThanOrEqual(0.88);
    for (const cause of failures.keys())
      expect(['no-user-response', 'destination-out-of-order', 'timer-expired']).toContain(cause);
  });
});
