import { describe, it } from 'vitest';
import { answerAfter, expectFlow, type Flow, world } from '../support/sip-office.ts';

/** The flows of RFC 3665 §3 between two phones over a back-to-back user agent. */
const FLOWS: readonly Flow[] = [
  {
    name: 'a call is answered and the caller hangs up [RFC3665 §3.1]',
    run: ({ network, one, two }) => {
      answerAfter(two, 2_000);
      const call = one.dial('office', '212');
      network.runFor(40_000);
      const wasUp = one.typesOf(call).includes('answered');
      one.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      return wasUp;
    },
  },
  {
    name: 'a call is answered and the called hangs up',
    run: ({ network, one, two }) => {
      answerAfter(two, 0);
      const call = one.dial('office', '212');
      network.runFor(40_000);
      for (const leg of two.incoming) two.with(leg, (it, nowMs) => it.hangup('normal-clearing', nowMs));
      return one.typesOf(call).includes('answered');
    },
  },
  {
    name: 'the called is busy [RFC3665 §3.9]',
    run: ({ network, one, two }) => {
      two.onCall = (call, event, nowMs) => {
        if (event.type === 'incoming') call.hangup('user-busy', nowMs);
      };
      const call = one.dial('office', '212');
      network.runFor(60_000);
      return one.eventOf(call, 'hangup')?.cause === 'user-busy';
    },
  },
  {
    name: 'the called is temporarily unavailable [RFC3665 §3.11]',
    run: ({ network, one, two }) => {
      two.onCall = (call, event, nowMs) => {
        if (event.type !== 'incoming') return;
        call.ringing(nowMs);
        two.later(3_000, () => two.with(call, (leg, atMs) => leg.hangup('no-answer', atMs)));
      };
      const call = one.dial('office', '212');
      network.runFor(60_000);
      return one.typesOf(call).includes('ringing') && one.eventOf(call, 'hangup')?.cause === 'no-answer';
    },
  },
  {
    name: 'nobody answers and the caller gives up [RFC3665 §3.8]',
    run: ({ network, one, two }) => {
      two.onCall = (call, event, nowMs) => {
        if (event.type === 'incoming') call.ringing(nowMs);
      };
      const call = one.dial('office', '212');
      network.runFor(20_000);
      one.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      network.runFor(70_000);
      return two.incoming.length > 0 && two.incoming.every((leg) => two.eventOf(leg, 'hangup')?.by === 'far-end');
    },
  },
  {
    name: 'the caller gives up at the moment of the answer',
    run: ({ network, one, two }) => {
      answerAfter(two, 1_500);
      const call = one.dial('office', '212');
      network.runFor(1_400 + network.random.integer(400));
      one.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      network.runFor(100_000);
      return true;
    },
  },
  {
    name: 'the phone is called away from the network [RFC3665 §3.10]',
    run: ({ network, one, two }) => {
      two.host.isDown = true;
      const call = one.dial('office', '212');
      network.runFor(60_000);
      two.host.isDown = false;
      two.host.drain();
      return one.eventOf(call, 'hangup')?.cause === 'no-user-response';
    },
  },
  {
    name: 'early media is heard before the answer [RFC3262]',
    run: ({ network, one, two }) => {
      two.onCall = (call, event, nowMs) => {
        if (event.type === 'incoming') call.progress(nowMs);
      };
      const call = one.dial('office', '212');
      network.runFor(10_000);
      for (const leg of two.incoming) two.with(leg, (it, nowMs) => it.answer(nowMs));
      network.runFor(40_000);
      const types = one.typesOf(call);
      one.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      return types.includes('progress') && types.includes('answered');
    },
  },
  {
    name: 'both hold and resume, at the same time',
    run: ({ network, one, two }) => {
      answerAfter(two, 0);
      const call = one.dial('office', '212');
      network.runFor(40_000);
      const legs = [[one, call] as const, ...two.incoming.map((leg) => [two, leg] as const)];
      for (const [station, leg] of legs) station.with(leg, (it, nowMs) => it.hold(nowMs));
      network.runFor(60_000);
      for (const [station, leg] of legs) station.with(leg, (it, nowMs) => it.unhold(nowMs));
      network.runFor(120_000);
      const isOpen = legs.every(([, leg]) => leg.state === 'up' && leg.media?.direction === 'sendrecv');
      one.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      return isOpen;
    },
  },
  {
    name: 'both hang up at the same time',
    run: ({ network, one, two }) => {
      answerAfter(two, 0);
      const call = one.dial('office', '212');
      network.runFor(40_000);
      const wasUp = one.typesOf(call).includes('answered');
      one.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      for (const leg of two.incoming) two.with(leg, (it, nowMs) => it.hangup('normal-clearing', nowMs));
      return wasUp;
    },
  },
  {
    name: 'two calls cross each other',
    run: ({ network, one, two }) => {
      answerAfter(one, 500);
      answerAfter(two, 500);
      const calls = [[one, one.dial('office', '212')] as const, [two, two.dial('office', '211')] as const];
      network.runFor(40_000);
      const wereUp = calls.every(([station, call]) => station.typesOf(call).includes('answered'));
      for (const [station, call] of calls) station.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      return wereUp;
    },
  },
  {
    name: 'a long call lives on its refreshes [RFC4028]',
    run: ({ network, one, two }) => {
      answerAfter(two, 0);
      const call = one.dial('office', '212');
      network.runFor(7_200_000);
      const isUp = call.state === 'up';
      one.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      return isUp;
    },
  },
];

describe('calls between two phones', () => {
  it.each(FLOWS)('$name', ({ run }) => {
    // Timers that give up after 8 s see a few calls fail in such a storm; most must not.
    expectFlow(run, world, 0.8);
  });
});
