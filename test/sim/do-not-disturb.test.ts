import { describe, expect, it } from 'vitest';
import { featuresOffice } from '../support/features-office.ts';

const DIALPLAN = `
[office]
exten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},20)
exten => 220,1,Dial(LINE/1&SIP/211,20)
exten => *78,1,DoNotDisturb()
exten => *79,1,DoNotDisturb(off)
[town]
exten => s,1,Dial(LINE/1,20)
`;

describe('do not disturb', () => {
  it('is ordered at a telephone on copper and taken back there, each with a sound of its own', () => {
    const { site, network, state, until, expectEmpty } = featuresOffice(DIALPLAN);
    const heard = () => {
      site.dial(1, '*78');
      until('it is confirmed', () => state(1) === 'talking', 12_000);
      network.runFor(150);
      const first = site.hears(1);
      network.runFor(280);
      const second = site.hears(1);
      site.hangUp(1);
      network.runFor(1_000);
      return Math.sign(second - first);
    };
    expect(heard()).toBe(1);
    expect(site.appliance.orders.of('LINE/1').doNotDisturb).toBe(true);
    expect(heard()).toBe(-1);
    expect(site.appliance.orders.of('LINE/1').doNotDisturb).toBe(false);
    expectEmpty();
  });

  it('keeps the telephone from ringing: who calls it finds it busy, and its own calls go out', () => {
    const { site, state, order, until, expectEmpty } = featuresOffice(DIALPLAN);
    order(1, '*78');
    site.dial(2, '201');
    until('the caller is told', () => state(2) === 'busy');
    expect(state(1)).toBe('idle');
    site.hangUp(2);
    site.dial(1, '202');
    until('the other rings', () => state(2) === 'ringing');
    expectEmpty();
  });

  it('is the same at a SIP phone, and leaves whoever else is called to ring', () => {
    const { site, desk, door, state, orderAt, until, end, expectEmpty } = featuresOffice(DIALPLAN);
    orderAt(desk, '*78');
    const refused = door.dial('office', '211');
    until('the caller is told', () => refused.state === 'gone');
    expect(door.eventOf(refused, 'hangup')).toMatchObject({ cause: 'user-busy' });
    const call = door.dial('office', '220');
    until('the line rings', () => state(1) === 'ringing');
    expect(desk.incoming).toEqual([]);
    end(door, call);
    orderAt(desk, '*79');
    expect(site.appliance.orders.all.size).toBe(0);
    expectEmpty();
  });

  it('is heard by a dial tone that stutters, also after a restart', () => {
    // The German tone stutters by a second frequency.
    const { site, network, order, expectEmpty } = featuresOffice(DIALPLAN, { country: 'de' });
    const dialTone = (port: number) => {
      network.runFor(2_000);
      site.lift(port);
      network.runFor(1_000);
      const line = site.phones.line(port);
      const heard = line.ok ? line.value.heard.tones.map(({ hz }) => Math.round(hz)) : [];
      site.hangUp(port);
      network.runFor(2_000);
      return heard.length;
    };
    expect(dialTone(1)).toBe(1);
    order(1, '*78');
    const kept = new Map(site.appliance.orders.all);
    expect(dialTone(1)).toBe(2);
    order(1, '*79');
    expect(dialTone(1)).toBe(1);
    site.host.input((_, nowMs) => site.appliance.resumeOrders(kept, nowMs));
    expect(dialTone(1)).toBe(2);
    expectEmpty();
  });

  it('does not keep out the emergency centre that calls back', () => {
    const { site, order, callBackFromCentre, expectEmpty } = featuresOffice(DIALPLAN, {
      townLines: [4],
      emergency: { townLines: ['LINE/4'] },
    });
    order(1, '*78');
    callBackFromCentre(1);
    site.exchange(4).clear();
    expectEmpty();
  });
});
