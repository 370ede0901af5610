import { describe, expect, it } from 'vitest';
import type { Weather } from '../support/network.ts';
import { answerAfter, expectFlow, type Flow, SEEDS, type WorldOfThree, worldOfThree } from '../support/sip-office.ts';
import type { SipSwitch } from '../support/sip-world.ts';

/** Phones two and three are the same user's. */
const twins = (seed: number, weather: Weather): WorldOfThree => worldOfThree(seed, weather, '212');

/** A phone that refuses after so long. */
function refuseAfter(station: SipSwitch, delayMs: number, cause: 'user-busy' | 'call-rejected'): void {
  station.onCall = (call, event, nowMs) => {
    if (event.type !== 'incoming') return;
    call.ringing(nowMs);
    station.later(delayMs, () => station.with(call, (leg, atMs) => leg.hangup(cause, atMs)));
  };
}

/** Every call that reached this phone is over, ended by us. */
function wasStopped(station: SipSwitch): boolean {
  return station.incoming.length > 0 && station.incoming.every((call) => station.eventOf(call, 'hangup') !== undefined);
}

const FLOWS: readonly Flow<WorldOfThree>[] = [
  {
    name: 'every contact rings, the first that answers has the call and the other is cancelled [RFC3261 §16.7 step 10]',
    run: ({ network, one, two, three }) => {
      answerAfter(two, 12_000);
      answerAfter(three, 6_000);
      const call = one.dial('office', '212');
      network.runFor(60_000);
      const isUp = call.state === 'up' && three.incoming.some(({ state }) => state === 'up');
      const wentWell = isUp && wasStopped(two) && two.incoming.every((leg) => !two.typesOf(leg).includes('answered'));
      one.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      return wentWell;
    },
  },
  {
    name: 'two that answer at the same moment: one talks, the other is told BYE [RFC3261 §13.2.2.4]',
    run: ({ network, one, two, three }) => {
      answerAfter(two, 3_000);
      answerAfter(three, 3_000);
      const call = one.dial('office', '212');
      network.runFor(90_000);
      const talking = [...two.incoming, ...three.incoming].filter(({ state }) => state === 'up');
      const wereUp = call.state === 'up' && talking.length === 1;
      one.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      return wereUp;
    },
  },
  {
    name: 'one is busy and the other answers',
    run: ({ network, one, two, three }) => {
      refuseAfter(two, 0, 'user-busy');
      answerAfter(three, 4_000);
      const call = one.dial('office', '212');
      network.runFor(60_000);
      const isUp = call.state === 'up';
      one.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      return isUp;
    },
  },
  {
    name: 'all are busy: so is the user',
    run: ({ network, one, two, three }) => {
      refuseAfter(two, 0, 'user-busy');
      refuseAfter(three, 2_000, 'user-busy');
      const call = one.dial('office', '212');
      network.runFor(60_000);
      return one.eventOf(call, 'hangup')?.cause === 'user-busy';
    },
  },
  {
    name: 'one declines for its user: the other stops ringing [RFC3261 §16.7 step 5]',
    run: ({ network, one, two, three }) => {
      refuseAfter(two, 3_000, 'call-rejected');
      answerAfter(three, 40_000);
      const call = one.dial('office', '212');
      network.runFor(30_000);
      return one.eventOf(call, 'hangup')?.cause === 'call-rejected' && wasStopped(three);
    },
  },
  {
    name: 'the caller gives up: all stop ringing',
    run: ({ network, one, two, three }) => {
      answerAfter(two, 60_000);
      answerAfter(three, 60_000);
      const call = one.dial('office', '212');
      network.runFor(20_000);
      one.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      network.runFor(30_000);
      return wasStopped(two) && wasStopped(three);
    },
  },
  {
    name: 'one contact is stale, and the other is busy: the caller hears that it is busy [RFC3261 §16.7 step 6]',
    run: ({ network, one, two, three }) => {
      two.host.isDown = true;
      refuseAfter(three, 0, 'user-busy');
      const call = one.dial('office', '212');
      network.runFor(60_000);
      two.host.isDown = false;
      two.host.drain();
      return one.eventOf(call, 'hangup')?.cause === 'user-busy';
    },
  },
];

describe(`a user with two phones, over a network that loses, doubles and reorders, ${SEEDS} seeds each`, () => {
  it.each(FLOWS)('$name', ({ run }) => {
    expectFlow(run, twins, 0.7);
  });
});

describe('the calls of a user with two phones', () => {
  it.each([
    ['one of them answers', true, 'answered-elsewhere'],
    ['the caller gives up', false, 'normal-clearing'],
  ])('are ended with what became of them where %s [RFC3326 §3.1]', (_what, isAnswered, cause) => {
    const { network, centre, two, three } = twins(1, { loss: 0, duplication: 0, minDelayMs: 5, maxDelayMs: 5 });
    if (isAnswered) answerAfter(three, 3_000);
    const call = centre.dial('212');
    network.runFor(5_000);
    if (!isAnswered) centre.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
    network.runFor(1_000);
    expect(two.eventOf(two.incoming[0]!, 'hangup')).toMatchObject({ by: 'far-end', cause });
  });

  it('count once: as many calls as it may have ring at both', () => {
    const { centre, one } = twins(1, { loss: 0, duplication: 0, minDelayMs: 5, maxDelayMs: 5 });
    centre.command((endpoint, nowMs) =>
      endpoint.configure(
        [
          { user: '211', secret: { password: 'secret 211' }, context: 'office', codecs: ['ulaw'] },
          { user: '212', secret: { password: 'secret 212' }, context: 'office', codecs: ['ulaw'], maxCalls: 1 },
        ],
        [],
        nowMs,
      ),
    );
    const call = centre.dial('212');
    expect(centre.endpoint.load.calls).toBe(2);
    expect(() => centre.dial('212')).toThrow('212 has as many calls as it may have.');
    expect(one.incoming).toEqual([]);
    centre.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
    expect(centre.typesOf(call)).toEqual(['hangup']);
  });
});
