import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FORWARD_CASES } from '../../../src/switch/telephone-orders.ts';
import { TELEPHONES, WatchedOffice } from './watched-office.ts';

const RUNS = 2_000;
const TARGETS = ['201', '202', '211', '212', '7123'];
const NUMBERS = [
  ...[...TARGETS, ...TARGETS, '7124', '220', '230', '112', '555'],
  ...['800', '8000', '8000', '8001', '8001', '8002', '809'],
  ...[
    '*78',
    '*8',
    '*8201',
    '*8211',
    '*72',
    ...TARGETS.flatMap((number) => [`*72${number}`, `*90${number}`, `*92${number}`]),
  ],
  ...['*72112', '*72555', '*72800', '*72*8', '*90220'],
];
const number = fc.constantFrom(...NUMBERS);
const target = fc.constantFrom(...TARGETS, '800', '800', '809', '220', '112', '*8', '8000');
const who = fc.nat(20);
const step = fc.record({
  what: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('call' as const), from: fc.constantFrom(...TELEPHONES), number }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('trunk' as const), number: fc.constantFrom(...TARGETS, '220', '8001') }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('dial' as const), who, number }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('transfer' as const), who, number: target }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('transfer-to-leg' as const), who, other: who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('forward' as const), who, number: target }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('unplug' as const), telephone: fc.constantFrom('LINE/2', 'SIP/1') }),
    },
    {
      weight: 9,
      arbitrary: fc.record({
        do: fc.constantFrom(
          'answered',
          'answered',
          'answered',
          'ringing',
          'flash',
          'flash',
          'hold',
          'unhold',
          'hangup',
        ),
        who,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), s: fc.constantFrom(4, 16, 46) }) },
  ),
  /** Whoever is told to go says so at once, or only after what comes next has crossed it. */
  isLate: fc.boolean(),
});
/** What telephones have ordered before. */
const order = fc.record({
  telephone: fc.constantFrom(...TELEPHONES),
  when: fc.constantFrom(...FORWARD_CASES),
  number: fc.constantFrom(...TARGETS),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** One step of one telephone; what it could not do there is left out. */
function take(office: WatchedOffice, what: Step['what']): void {
  const legs = office.standing;
  if (what.do === 'call') office.callFrom(what.from, what.number);
  else if (what.do === 'trunk') office.call(what.number, 'IAX2/branch', 'iax2');
  else if (what.do === 'wait') office.wait(what.s * 1_000);
  else if (what.do === 'unplug') office.unplug(what.telephone);
  else {
    const leg = legs[what.who % Math.max(1, legs.length)];
    if (leg === undefined) return;
    if (what.do === 'hangup') office.drop(leg);
    else if (what.do === 'dial') {
      if (office.isPossible(leg, 'digit')) office.dialOn(leg, what.number);
    } else if (!office.isPossible(leg, what.do as 'flash')) return;
    else if (what.do === 'transfer') office.say(leg, { type: 'transfer', context: 'office', number: what.number });
    else if (what.do === 'transfer-to-leg') {
      const other = legs[what.other % legs.length]!;
      if (other !== leg && other.telephone === leg.telephone && other.technology === leg.technology)
        office.say(leg, { type: 'transfer-to-leg', other: other.id });
    } else if (what.do === 'forward') {
      office.say(leg, { type: 'forward', context: 'office', numbers: [what.number], by: '211' });
      office.drop(leg);
    } else office.say(leg, what.do as 'flash');
  }
}

describe('whatever telephones do with parking, pickup, forwarding, do not disturb, transfer and waiting calls', () => {
  it('every leg is in one call, every call in one record, nobody is disturbed, held for ever or kept from 112', () => {
    const seen = { held: 0, talking: 0, forwarded: 0, emergency: 0, records: 0 };
    fc.assert(
      fc.property(
        fc.array(order, { maxLength: 4 }),
        fc.array(step, { maxLength: 40, size: 'max' }),
        (orders, steps) => {
          const office = new WatchedOffice();
          for (const one of orders) office.order(one);
          office.call('7123', 'LINE/1');
          office.say(office.last, 'answered');
          for (const { what, isLate } of steps) {
            take(office, what);
            if (!isLate) office.letGo();
            office.check();
            for (const { state, forwardedBy, emergency } of office.exchange.views()) {
              if (state === 'held' || state === 'talking') seen[state]++;
              if (forwardedBy !== null) seen.forwarded++;
              if (emergency) seen.emergency++;
            }
          }
          office.checkEnd();
          seen.records += office.ended.length;
        },
      ),
      { seed: 46, numRuns: RUNS },
    );
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(1_000);
  }, 120_000);
});
