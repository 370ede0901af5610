import { describe, expect, it } from 'vitest';
import { featuresOffice } from '../support/features-office.ts';

const DIALPLAN = `
[office]
exten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},20)
exten => 220,1,Dial(LINE/1&LINE/2,20)
exten => 555,1,Dial(Local/112@office)
exten => _0X.,1,Dial(LINE/4/\${EXTEN})
exten => *72,1,CallForward(always)
exten => _*72.,1,CallForward(always,\${EXTEN:3})
exten => *90,1,CallForward(busy)
exten => _*90.,1,CallForward(busy,\${EXTEN:3})
exten => *92,1,CallForward(noanswer)
exten => _*92.,1,CallForward(noanswer,\${EXTEN:3})
exten => *78,1,DoNotDisturb()
`;

const TOWN = { townLines: [4], emergency: { townLines: ['LINE/4'] } };

describe('call forwarding', () => {
  it('always: the call rings elsewhere, until the code alone takes that back', () => {
    const { site, state, order, until, expectEmpty } = featuresOffice(DIALPLAN);
    order(1, '*72202');
    expect(site.appliance.orders.of('LINE/1').forward.always).toBe('202');
    site.dial(3, '201');
    until('the other rings', () => state(2) === 'ringing');
    expect(state(1)).toBe('idle');
    site.lift(2);
    until('they talk', () => state(3) === 'talking');
    for (const port of [2, 3]) site.hangUp(port);
    until('the lines rest', () => state(3) === 'idle');
    order(1, '*72');
    expect(site.appliance.orders.all.size).toBe(0);
    expectEmpty();
  });

  it('when busy: a call goes on that finds the telephone in use, or not to be disturbed', () => {
    const { site, network, state, order, until, expectEmpty } = featuresOffice(DIALPLAN);
    order(1, '*90202');
    order(1, '*78');
    site.dial(3, '201');
    until('the other rings', () => state(2) === 'ringing');
    site.hangUp(3);
    until('it rings no more', () => state(2) === 'idle');
    network.runFor(2_000);
    order(1, '*78');
    site.lift(1);
    network.runFor(1_000);
    site.dial(3, '201');
    until('the other rings', () => state(2) === 'ringing');
    expectEmpty();
  });

  it('unanswered: after 15 s the call rings at a SIP phone instead, for as long as it may ring', () => {
    const { site, network, state, desk, order, until, answer, end, expectEmpty } = featuresOffice(DIALPLAN);
    order(1, '*92211');
    site.dial(3, '201');
    until('the telephone rings', () => state(1) === 'ringing');
    network.runFor(14_000);
    expect([state(1), desk.incoming.length]).toEqual(['ringing', 0]);
    until('the phone rings', () => desk.incoming.length === 1, 3_000);
    until('the telephone rings no more', () => state(1) === 'idle');
    network.runFor(17_000);
    const call = answer(desk);
    until('they talk', () => state(3) === 'talking');
    end(desk, call);
    expectEmpty();
  });

  it('is ordered at a SIP phone, too, and holds also while the phone cannot be reached', () => {
    const { site, network, desk, state, orderAt, until, expectEmpty } = featuresOffice(DIALPLAN);
    orderAt(desk, '*92201');
    desk.command((endpoint, nowMs) => endpoint.stop(nowMs));
    network.runFor(3_000);
    site.dial(3, '211');
    until('the line rings', () => state(1) === 'ringing');
    expectEmpty();
  });

  it('ends where it goes in circles: the telephone that was called rings', () => {
    const { site, state, order, until, expectEmpty } = featuresOffice(DIALPLAN);
    order(1, '*72202');
    order(2, '*72201');
    site.dial(3, '201');
    until('the first rings', () => state(1) === 'ringing');
    expect(state(2)).toBe('idle');
    expectEmpty();
  });

  it('lets through whoever the calls are sent to', () => {
    const { site, state, order, until, expectEmpty } = featuresOffice(DIALPLAN);
    order(1, '*72202');
    site.dial(2, '201');
    until('the telephone rings', () => state(1) === 'ringing');
    expectEmpty();
  });

  it('does not take calls to several extensions with it', () => {
    const { site, state, order, until, expectEmpty } = featuresOffice(DIALPLAN);
    order(1, '*72203');
    site.dial(3, '220');
    until('both ring', () => state(1) === 'ringing' && state(2) === 'ringing');
    expectEmpty();
  });

  it.each(['112', '201', '999'])('is refused to %s: an emergency number, the telephone itself, no number', (number) => {
    const { site, state, until, expectEmpty } = featuresOffice(DIALPLAN, TOWN);
    site.dial(1, `*72${number}`);
    until('it is refused', () => state(1) === 'congestion', 12_000);
    expect(site.appliance.orders.all.size).toBe(0);
    expectEmpty();
  });

  it('never becomes an emergency call, also not by a shortcut', () => {
    const { site, state, order, until, expectEmpty } = featuresOffice(DIALPLAN, TOWN);
    order(1, '*72555');
    site.dial(3, '201');
    until('the caller is told', () => state(3) === 'congestion');
    expect(site.happened).toEqual([]);
    expectEmpty();
  });

  it('goes no further than who sends the calls on may dial', () => {
    const dialClasses = new Map([['LINE/1', 'local' as const]]);
    const { site, state, order, until, expectEmpty } = featuresOffice(DIALPLAN, { ...TOWN, dialClasses });
    order(1, '*720033123456789');
    site.dial(3, '201');
    until('the caller is told', () => state(3) === 'congestion', 15_000);
    expectEmpty();
  });

  it('tells a SIP phone for whom the call was, by Diversion [RFC5806 §4]', () => {
    const { site, desk, order, until, expectEmpty } = featuresOffice(DIALPLAN);
    order(1, '*72211');
    site.dial(3, '201');
    until('the phone rings', () => desk.incoming.length === 1);
    const request = desk.eventOf(desk.incoming[0]!, 'incoming')?.request;
    expect(request).toMatchObject({ caller: { number: '203' }, redirectingNumber: '201' });
    expectEmpty();
  });

  it('stands in the record of the call that was sent on', () => {
    const { site, state, order, until, expectEmpty } = featuresOffice(DIALPLAN);
    order(1, '*72202');
    site.dial(3, '201');
    until('the other rings', () => state(2) === 'ringing');
    expectEmpty();
    const forwarded = site.records.map(({ from, to, forwardedBy }) => `${from} to ${to} by ${forwardedBy}`);
    expect(forwarded.sort()).toEqual(['201 to *72202 by null', '203 to 201 by null', '203 to 202 by 201']);
  });
});
