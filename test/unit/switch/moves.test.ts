import { describe, expect, it } from 'vitest';
import type { FakeLeg } from './fakes.ts';
import { Office } from './office.ts';

/** A SIP phone talks to head office. */
function talking() {
  const office = new Office();
  const phone = office.call('7123', 'SIP/1', 'sip');
  const hq = office.last;
  office.say(hq, 'answered');
  return { office, phone, hq };
}

const holds = ({ told }: FakeLeg) => told.filter((word) => word === 'hold' || word === 'unhold');

describe('whoever is on hold', () => {
  it('waits no more once it is handed on to a number, be it the called party or the caller', () => {
    const { office, phone, hq } = talking();
    office.say(phone, 'hold', { type: 'transfer', context: 'office', number: '201' });
    expect(holds(hq)).toEqual(['hold', 'unhold']);
    const caller = office.call('202', 'IAX2/hq', 'iax2');
    const called = office.last;
    office.say(called, 'answered', 'hold', { type: 'transfer', context: 'office', number: '7124' });
    expect(holds(caller)).toEqual(['hold', 'unhold']);
    office.expectEmpty();
  });

  it('waits no more once it is connected, although both parties of the transfer were held', () => {
    const { office, phone, hq } = talking();
    office.say(phone, 'hold');
    const consulting = office.call('7124', 'SIP/1', 'sip');
    const second = office.last;
    office.say(second, 'answered');
    office.say(consulting, 'hold', { type: 'transfer-to-leg', other: phone.id });
    expect([holds(hq), holds(second)]).toEqual([
      ['hold', 'unhold'],
      ['hold', 'unhold'],
    ]);
    expect([office.heard(hq), office.heard(second)]).toEqual(['IAX2/hq/124', 'IAX2/hq/123']);
    expect(office.states).toEqual(['7123 talking', '7124 ending']);
    office.expectEmpty();
  });

  it('is not shown as held at a line that has gone to another call and back meanwhile', () => {
    const office = new Office();
    const [phone, hq] = office.talk();
    office.say(hq, 'hold');
    office.say(phone, 'flash');
    office.say(hq, 'unhold');
    office.say(phone, 'flash');
    expect(phone.told.findLast((word) => word.endsWith('hold'))).toBe('unhold');
    expect(office.heard(phone)).toBe('IAX2/hq/123');
    office.expectEmpty();
  });
});

describe('an attended transfer', () => {
  it('is refused to who would be connected with himself, through a forwarding', () => {
    const office = new Office();
    office.exchange.orders.change('LINE/2', { forward: { always: '211', busy: null, noAnswer: null } });
    const caller = office.call('202', 'SIP/2', 'sip');
    const called = office.last;
    office.say(called, 'answered');
    office.say(called, { type: 'transfer-to-leg', other: caller.id });
    expect(called.last).toBe('transfer call-rejected');
    expect(office.heard(called)).toBe('SIP/2');
    office.expectEmpty();
  });
});

describe('who somebody is that was moved', () => {
  it('is told to whom that party is handed on next, not who had been in its place', () => {
    const { office, phone } = talking();
    office.say(phone, 'hold');
    const consulting = office.call('212', 'SIP/1', 'sip');
    const second = office.last;
    office.say(second, 'answered');
    office.say(phone, { type: 'transfer-to-leg', other: consulting.id });
    office.letGo();
    office.say(second, { type: 'transfer', context: 'office', number: '201' });
    expect(office.requests.at(-1)).toMatchObject({ resource: '1', caller: { number: '7123' } });
    office.expectEmpty();
  });

  it('is the one that picked a call up, to whom it hands its party on', () => {
    const office = new Office();
    const caller = office.call('201', 'IAX2/hq', 'iax2');
    office.say(office.last, 'ringing');
    const picker = office.call('*8', 'SIP/2', 'sip');
    office.say(caller, { type: 'transfer', context: 'office', number: '202' });
    expect(picker.isToldToGo).toBe(false);
    expect(office.requests.at(-1)).toMatchObject({ resource: '2', caller: { number: '999' } });
    office.expectEmpty();
  });
});

describe('the class of service', () => {
  it('of whoever was connected by an attended transfer counts where that is handed on', () => {
    const { office, hq, phone } = talking();
    hq.dialClass = 'local';
    office.say(phone, 'hold');
    const consulting = office.call('212', 'SIP/1', 'sip');
    const second = office.last;
    office.say(second, 'answered');
    office.say(phone, { type: 'transfer-to-leg', other: consulting.id });
    office.letGo();
    const before = office.requests.length;
    office.say(second, { type: 'transfer', context: 'office', number: '00441632960000' });
    expect(office.requests).toHaveLength(before);
    office.expectEmpty();
  });
});

describe('a telephone that hands its party on to a call that still rings there', () => {
  it('has it answered by that', () => {
    const { office, phone, hq } = talking();
    const caller = office.call('211', 'IAX2/branch', 'iax2');
    const ringing = office.last;
    office.say(ringing, 'ringing');
    office.say(phone, 'hold', { type: 'transfer-to-leg', other: ringing.id });
    expect(caller.last).toBe('answer');
    expect([office.heard(hq), office.heard(caller)]).toEqual(['IAX2/branch', 'IAX2/hq/123']);
    expect(ringing.isToldToGo && phone.isToldToGo).toBe(true);
    office.letGo();
    expect(office.states).toEqual(['211 talking']);
    office.expectEmpty();
  });
});
