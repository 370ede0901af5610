import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FakeLeg, hungUp } from './fakes.ts';
import { Office } from './office.ts';

describe('a flash in a call', () => {
  it('holds the call and gives dial tone; a second one goes back', () => {
    const office = new Office();
    const [phone, hq] = office.talk();
    office.say(phone, 'flash');
    expect([office.heard(phone), office.heard(hq)]).toEqual(['dial', 'hold']);
    expect(hq.last).toBe('hold');
    expect(office.states).toEqual(['7123 held']);
    office.say(phone, 'flash');
    expect([office.heard(phone), office.heard(hq)]).toEqual(['IAX2/hq/123', 'LINE/1']);
    expect(hq.last).toBe('unhold');
    expect(office.states).toEqual(['7123 talking']);
    office.expectEmpty();
  });

  it('does the same for whoever was called, and for a phone that speaks SIP', () => {
    for (const [technology, channel] of [
      ['iax2', 'IAX2/hq'],
      ['sip', 'SIP/211'],
    ] as const) {
      const office = new Office();
      const caller = office.call('201', channel, technology);
      const phone = office.last;
      office.say(phone, 'answered');
      const flashing = technology === 'sip' ? caller : phone;
      const other = technology === 'sip' ? phone : caller;
      office.say(flashing, 'flash');
      expect([office.heard(flashing), office.heard(other)]).toEqual(['dial', 'hold']);
      office.expectEmpty();
    }
  });

  it('lets it dial another number, in its own context and as itself, whose tones it hears', () => {
    const office = new Office();
    const [phone, hq] = office.talk();
    office.say(phone, 'flash');
    office.dialOn(phone, '2');
    expect(office.heard(phone)).toBe('nothing');
    office.dialOn(phone, '02');
    const second = office.last;
    office.say(second, 'ringing');
    expect(office.heard(phone)).toBe('ringback');
    expect(office.states).toEqual(['7123 held', '202 ringing']);
    expect(office.exchange.views()[1]!.from).toBe('201');
    office.say(second, 'answered');
    expect([office.heard(phone), office.heard(second), office.heard(hq)]).toEqual(['LINE/2', 'LINE/1', 'hold']);
    office.dialOn(phone, '5');
    expect([second.last, hq.last]).toEqual(['digit 5 80', 'hold']);
    office.expectEmpty();
  });

  it('says that the other number is none, is busy, or was not dialled in time, and the held call can be had again', () => {
    const office = new Office();
    const [phone, hq] = office.talk();
    office.say(phone, 'flash');
    office.dialOn(phone, '9');
    expect(office.heard(phone)).toBe('congestion');
    office.say(phone, 'flash');
    expect(office.heard(phone)).toBe(hq.channel.split('#')[0]);

    office.say(phone, 'flash');
    office.dialOn(phone, '7999');
    office.say(office.last, hungUp('user-busy'));
    expect(office.heard(phone)).toBe('busy');
    office.say(phone, 'flash');

    office.say(phone, 'flash');
    office.nowMs = 16_000;
    office.exchange.handleTimeout(office.nowMs);
    expect(office.heard(phone)).toBe('congestion');
    office.expectEmpty();
  });

  it('goes back from a number that does not answer', () => {
    const office = new Office();
    const [phone, hq] = office.talk();
    office.say(phone, 'flash');
    office.dialOn(phone, '202');
    const second = office.last;
    office.say(phone, 'flash');
    expect(second.last).toBe('hangup normal-clearing');
    expect([office.heard(phone), office.heard(hq)]).toEqual(['IAX2/hq/123', 'LINE/1']);
    office.expectEmpty();
  });

  it('is told to the far end where it is configured so, and does nothing in an emergency call', () => {
    const passing = new Office({ flash: 'pass' });
    const [phone, hq] = passing.talk();
    passing.say(phone, 'flash');
    expect(hq.last).toBe('flash');
    passing.expectEmpty();

    const office = new Office();
    const caller = office.call('112');
    office.say(office.last, 'answered');
    const told = office.last.told.length;
    office.say(caller, 'flash');
    expect(office.last.told).toHaveLength(told);
    expect(office.heard(caller)).toBe(office.last.channel.split('#')[0]);
    office.expectEmpty();
  });
});

describe('whoever leaves of two calls', () => {
  it('leaves the telephone to the other one: to the held party at once', () => {
    const office = new Office();
    const [phone, hq, second] = office.consult();
    office.hangUp(second);
    expect([office.heard(phone), office.heard(hq)]).toEqual(['IAX2/hq/123', 'LINE/1']);
    expect(hq.last).toBe('unhold');
    office.hangUp(hq);
    expect(phone.last).toBe('hangup normal-clearing');
    office.expectEmpty();
  });

  it('takes nothing from the call that goes on: the held party may leave', () => {
    const office = new Office();
    const [phone, hq, second] = office.consult();
    office.hangUp(hq);
    expect(phone.told).not.toContain('hangup normal-clearing');
    expect([office.heard(phone), office.heard(second)]).toEqual(['LINE/2', 'LINE/1']);
    office.hangUp(second);
    expect(phone.last).toBe('hangup normal-clearing');
    office.expectEmpty();
  });

  it('leaves a line to its own tones where it was the last, also behind a refusal', () => {
    const office = new Office();
    const [phone, hq] = office.talk();
    office.say(phone, 'flash');
    office.hangUp(hq);
    office.dialOn(phone, '9');
    expect(phone.last).toBe('hangup unallocated-number');
    office.expectEmpty();
  });
});

describe('three parties', () => {
  it('talk together after a flash, until one leaves', () => {
    for (const leaves of ['hq', 'second'] as const) {
      const office = new Office();
      const [phone, hq, second] = office.consult();
      office.say(phone, 'flash');
      const rooms = [phone, hq, second].map(({ stream }) => office.media.hears.get(stream));
      expect(rooms.map((it) => it?.kind)).toEqual(['room', 'room', 'room']);
      expect(new Set(rooms.map((it) => (it?.kind === 'room' ? it.room : 0))).size).toBe(1);
      expect(hq.last).toBe('unhold');
      expect(office.states).toEqual(['7123 talking', '202 talking']);

      office.hangUp(leaves === 'hq' ? hq : second);
      const stays = leaves === 'hq' ? second : hq;
      expect([office.heard(phone), office.heard(stays)]).toEqual([stays.channel.split('#')[0], 'LINE/1']);
      office.expectEmpty();
    }
  });

  it('become two again by another flash, which lets go of whom was called last', () => {
    const office = new Office();
    const [phone, hq, second] = office.consult();
    office.say(phone, 'flash', 'flash');
    expect(second.last).toBe('hangup normal-clearing');
    expect([office.heard(phone), office.heard(hq)]).toEqual(['IAX2/hq/123', 'LINE/1']);
    office.expectEmpty();
  });

  it('go on without whoever put down the telephone that joined them', () => {
    const office = new Office();
    const [phone, hq, second] = office.consult();
    office.say(phone, 'flash');
    office.hangUp(phone);
    expect([office.heard(hq), office.heard(second)]).toEqual(['LINE/2', 'IAX2/hq/123']);
    office.expectEmpty();
  });
});

describe('putting down the telephone while another call is held', () => {
  it('leaves the held party to whom was called meanwhile', () => {
    const office = new Office();
    const [phone, hq, second] = office.consult();
    office.hangUp(phone);
    expect([office.heard(hq), office.heard(second)]).toEqual(['LINE/2', 'IAX2/hq/123']);
    expect(hq.last).toBe('unhold');
    expect(office.states).toEqual(['202 talking']);
    office.say(hq, { type: 'digit', digit: '4', durationMs: 80 });
    expect(second.last).toBe('digit 4 80');
    office.hangUp(second);
    expect(hq.last).toBe('hangup normal-clearing');
    office.expectEmpty();
  });

  it('does so while that one rings still: the held party hears it ring, and is answered by it', () => {
    for (const isCaller of [true, false]) {
      const office = new Office();
      const hq = isCaller ? office.call('201', 'IAX2/hq', 'iax2') : undefined;
      const phone = isCaller ? office.last : office.call('7123');
      const held = hq ?? office.last;
      office.say(isCaller ? phone : held, 'answered');
      office.say(phone, 'flash');
      office.dialOn(phone, '202');
      const second = office.last;
      office.say(second, 'ringing');
      office.hangUp(phone);
      expect(office.heard(held)).toBe('ringback');
      office.say(second, 'answered');
      expect([office.heard(held), office.heard(second)]).toEqual(['LINE/2', held.channel.split('#')[0]]);
      office.expectEmpty();
    }
  });

  it('rings the telephone where nobody else was called', () => {
    for (const isCaller of [true, false]) {
      const office = new Office();
      const hq = isCaller ? office.call('201', 'IAX2/hq', 'iax2') : undefined;
      const phone = isCaller ? office.last : office.call('7123');
      const held = hq ?? office.last;
      office.say(isCaller ? phone : held, 'answered');
      office.say(phone, 'flash');
      office.hangUp(phone);
      const ringing = office.last;
      expect(ringing.channel.split('#')[0]).toBe('LINE/1');
      expect(office.heard(held)).toBe('ringback');
      office.say(ringing, 'answered');
      expect([office.heard(held), office.heard(ringing)]).toEqual(['LINE/1', held.channel.split('#')[0]]);
      office.expectEmpty();
    }
  });
});

describe('a call that comes while the telephone talks', () => {
  const third = (office: Office) => office.call('201', 'IAX2/branch', 'iax2');

  it('waits, and is answered by a flash, which goes from one to the other from then on', () => {
    const office = new Office();
    const [phone, hq] = office.talk();
    const caller = third(office);
    expect(caller.told).toEqual(['ringing']);
    expect(phone.last).toBe('999 waits');
    expect(office.states).toEqual(['7123 talking', '201 ringing']);
    office.say(phone, 'flash');
    expect(caller.last).toBe('answer');
    expect(phone.last).toBe('nobody waits');
    expect([office.heard(phone), office.heard(caller), office.heard(hq)]).toEqual(['IAX2/branch', 'LINE/1', 'hold']);
    office.say(phone, 'flash');
    expect([office.heard(phone), office.heard(caller), office.heard(hq)]).toEqual(['IAX2/hq/123', 'hold', 'LINE/1']);
    office.expectEmpty();
  });

  it('is gone when its caller gives up', () => {
    const office = new Office();
    const [phone, hq] = office.talk();
    office.hangUp(third(office));
    expect(phone.last).toBe('nobody waits');
    expect([office.heard(phone), office.heard(hq)]).toEqual(['IAX2/hq/123', 'LINE/1']);
    office.expectEmpty();
  });

  it('rings the telephone when that is put down', () => {
    const office = new Office();
    const [phone, hq] = office.talk();
    const caller = third(office);
    office.hangUp(phone);
    expect(hq.last).toBe('hangup normal-clearing');
    const ringing = office.last;
    expect(ringing.channel.split('#')[0]).toBe('LINE/1');
    expect(office.channels).toContainEqual([caller.channel, ringing.channel]);
    office.say(ringing, 'answered');
    expect([office.heard(ringing), office.heard(caller)]).toEqual(['IAX2/branch', 'LINE/1']);
    office.hangUp(caller);
    expect(ringing.last).toBe('hangup normal-clearing');
    office.expectEmpty();
  });

  it('is what is left when the other party hangs up', () => {
    const office = new Office();
    const [phone, hq] = office.talk();
    const caller = third(office);
    office.hangUp(hq);
    expect(office.heard(phone)).toBe('congestion');
    office.say(phone, 'flash');
    expect([office.heard(phone), office.heard(caller)]).toEqual(['IAX2/branch', 'LINE/1']);
    office.expectEmpty();
  });

  it('ends without the call that is held: the telephone rings for that one', () => {
    const office = new Office();
    const [phone, hq] = office.talk();
    const caller = third(office);
    office.say(phone, 'flash');
    office.hangUp(phone);
    expect(caller.last).toBe('hangup normal-clearing');
    expect([office.last.channel.split('#')[0], office.heard(hq)]).toEqual(['LINE/1', 'ringback']);
    office.expectEmpty();
  });

  it('is busy where nobody is to wait, while another call waits or is held, and in an emergency call', () => {
    const without = new Office({ callWaiting: false });
    without.talk();
    expect(third(without).last).toBe('hangup user-busy');
    without.expectEmpty();

    const office = new Office();
    const [phone] = office.talk();
    third(office);
    expect(third(office).last).toBe('hangup user-busy');
    office.say(phone, 'flash');
    expect(third(office).last).toBe('hangup user-busy');
    office.expectEmpty();

    const emergency = new Office();
    emergency.call('112');
    emergency.say(emergency.last, 'answered');
    expect(third(emergency).last).toBe('hangup user-busy');
    emergency.expectEmpty();
  });
});

describe('whatever telephones and far ends do, in any order', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('flash' as const), who: fc.nat(9) }),
    fc.record({ do: fc.constant('answered' as const), who: fc.nat(9) }),
    fc.record({ do: fc.constant('ringing' as const), who: fc.nat(9) }),
    fc.record({ do: fc.constant('hangup' as const), who: fc.nat(9) }),
    fc.record({ do: fc.constant('hold' as const), who: fc.nat(9) }),
    fc.record({
      do: fc.constant('dial' as const),
      who: fc.nat(9),
      number: fc.constantFrom('201', '202', '7123', '9', '112'),
    }),
    fc.record({ do: fc.constant('call' as const), who: fc.nat(9), number: fc.constantFrom('201', '202', '7123') }),
    fc.record({ do: fc.constant('wait' as const), who: fc.nat(9) }),
  );

  it('calls have the legs that stand, nothing is left behind once everybody has hung up, and each leg is told of its end once', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const office = new Office();
        office.talk();
        const gone = new Set<FakeLeg>();
        const standing = () => office.legs.filter((leg) => !gone.has(leg));
        /** A leg that was told to hang up says so. */
        const settle = () => {
          for (let busy = true; busy; ) {
            busy = false;
            for (const leg of standing().filter(({ last }) => last?.startsWith('hangup'))) {
              gone.add(leg);
              office.hangUp(leg);
              busy = true;
            }
          }
        };
        for (const one of steps) {
          const legs = standing();
          const leg = legs[one.who % Math.max(1, legs.length)];
          if (one.do === 'call') office.call(one.number, 'IAX2/branch', 'iax2');
          else if (one.do === 'wait') {
            office.nowMs += 3_500;
            office.exchange.handleTimeout(office.nowMs);
          } else if (leg !== undefined) {
            if (one.do === 'dial') office.dialOn(leg, one.number);
            else if (one.do === 'hangup') {
              gone.add(leg);
              office.hangUp(leg);
            } else office.say(leg, one.do);
          }
          settle();
          const channels = standing().map(({ channel }) => channel);
          expect(office.channels.flat().filter((channel) => !channels.includes(channel))).toEqual([]);
        }
        for (let leg = standing()[0]; leg !== undefined; leg = standing()[0]) {
          gone.add(leg);
          office.hangUp(leg);
          settle();
        }
        for (const { told } of office.legs)
          expect(told.filter((it) => it.startsWith('hangup')).length).toBeLessThanOrEqual(1);
        expect(office.exchange.size).toBe(0);
        expect(office.exchange.nextDeadline()).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });
});
