import { describe, expect, it } from 'vitest';
import { featuresOffice } from '../support/features-office.ts';

const DIALPLAN = `
[office]
exten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},20)
exten => 700,1,Park()
exten => 7000,1,ParkedCall()
exten => _700Z,1,ParkedCall(\${EXTEN:3})
`;

describe('call parking', () => {
  it('parks by flash and code at a line, which hears its slot, and is retrieved at a SIP phone', () => {
    const { site, network, state, desk, door, until, end, expectEmpty } = featuresOffice(DIALPLAN);
    const out = door.dial('office', '201');
    until('the line rings', () => state(1) === 'ringing');
    site.lift(1);
    until('they talk', () => state(1) === 'talking' && out.state === 'up');
    network.runFor(500);
    const line = site.hat.phone(1)!;
    line.flash(site.hat.flashMs(1));
    network.runFor(900);
    line.dialTones('700');
    until('the slot is heard', () => Math.abs(site.hears(1) - 620) < 5, 12_000);
    site.hangUp(1);
    until('the line rests', () => state(1) === 'idle');
    expect(site.appliance.calls()).toMatchObject([{ from: '212', to: '700', state: 'held' }]);
    const got = desk.dial('office', '7001');
    until('they talk', () => got.state === 'up');
    network.runFor(500);
    expect(site.appliance.calls()).toMatchObject([{ from: '212', to: '700', state: 'talking' }]);
    end(desk, got);
    until('the other is let go', () => out.state === 'gone');
    expectEmpty();
  });

  it('parks by a transfer at a SIP phone, rings it after 45 s, and is retrieved at a line meanwhile', () => {
    const { site, network, state, desk, until, answer, expectEmpty } = featuresOffice(DIALPLAN);
    site.dial(2, '211');
    until('the phone rings', () => desk.incoming.length === 1);
    const call = answer(desk);
    until('they talk', () => state(2) === 'talking');
    desk.with(call, (it, nowMs) => it.transferTo('700', nowMs));
    until('the phone is let go', () => call.state === 'gone');
    expect(site.appliance.calls()).toMatchObject([{ from: '202', to: '211', state: 'held' }]);
    network.runFor(43_000);
    expect(desk.incoming).toHaveLength(1);
    until('the phone rings', () => desk.incoming.length === 2);
    site.dial(3, '7001');
    until('the lines talk', () => state(3) === 'talking' && state(2) === 'talking', 12_000);
    until('the phone rings no more', () => desk.incoming[1]?.state === 'gone');
    site.hangUp(2);
    until('the call is over', () => site.records.some(({ to }) => to === '211'));
    const record = site.records.find(({ to }) => to === '211')!;
    const legs = record.legs.map(({ channel }) => channel.replace(/(?<=^SIP.*)-\d+$/, ''));
    expect(legs).toEqual(['LINE/2', 'SIP/211', 'SIP/211', 'LINE/3']);
    expectEmpty();
  });
});
