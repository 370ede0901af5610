import { describe, expect, it } from 'vitest';
import type { FakeLeg } from './fakes.ts';
import { NUMBERS, Office, PARKING } from './office.ts';

const DIALPLAN = `${NUMBERS}${PARKING}
exten => *721,1,CallForward(always,202)
exten => *722,1,CallForward(busy,211)
exten => *72,1,CallForward(always)
`;

const HELD = 'hold';

class ParkingOffice extends Office {
  constructor() {
    super({ text: DIALPLAN });
  }

  /** Flash, code, pause, and the handset down. */
  parkAtLine(phone: FakeLeg, code = '800'): void {
    this.say(phone, 'flash');
    this.dialOn(phone, code);
    this.wait(3_500);
    this.drop(phone);
    this.letGo();
  }

  parkAtPhone(phone: FakeLeg, code = '800'): void {
    this.say(phone, { type: 'transfer', context: 'office', number: code });
    this.letGo();
  }

  /** How many beeps are heard there. */
  beepsAt(leg: FakeLeg): number | undefined {
    const source = this.media.hears.get(leg.stream);
    return source?.kind === 'tone' ? source.pattern.steps.filter(({ ms }) => ms === 150).length : undefined;
  }
}

/** `channel` talks to head office. */
function talking(channel: 'LINE/1' | 'SIP/1') {
  const office = new ParkingOffice();
  const phone = office.call('7123', channel, channel === 'LINE/1' ? 'line' : 'sip');
  const hq = office.last;
  office.say(hq, 'answered');
  return { office, phone, hq };
}

const PARKERS = [
  ['a line', 'LINE/1'],
  ['a SIP phone', 'SIP/1'],
] as const;

function parked(channel: 'LINE/1' | 'SIP/1', code?: string) {
  const all = talking(channel);
  if (channel === 'LINE/1') all.office.parkAtLine(all.phone, code);
  else all.office.parkAtPhone(all.phone, code);
  return all;
}

describe.each(PARKERS)('a call that %s parks', (_, channel) => {
  it('waits as whoever is held does, and is shown as held', () => {
    const { office, hq } = parked(channel);
    expect(office.heard(hq)).toBe(HELD);
    expect(hq.last).toBe('hold');
    expect(office.states).toEqual(['800 held']);
    office.expectEmpty();
  });

  it('is retrieved at a line and at a SIP phone by the code and its slot', () => {
    for (const [telephone, technology] of [
      ['LINE/2', 'line'],
      ['SIP/2', 'sip'],
    ] as const) {
      const { office, hq } = parked(channel);
      const other = office.call('8001', telephone, technology);
      expect(other.last).toBe('answer');
      expect([office.heard(other), office.heard(hq)]).toEqual(['IAX2/hq/123', telephone]);
      expect(hq.last).toBe('unhold');
      expect(office.states).toEqual(['800 talking']);
      office.drop(hq);
      office.letGo();
      expect(other.last).toBe('hangup normal-clearing');
      office.expectEmpty();
    }
  });

  it('rings the telephone that parked it after 45 s, and goes on there when that answers', () => {
    const { office, hq } = parked(channel);
    const before = office.legs.length;
    office.wait(40_000);
    expect(office.legs).toHaveLength(before);
    office.wait(6_000);
    expect(office.legs).toHaveLength(before + 1);
    expect(office.last.channel).toMatch(channel);
    office.say(office.last, 'ringing', 'answered');
    expect([office.heard(office.last), office.heard(hq)]).toEqual(['IAX2/hq/123', channel]);
    office.expectEmpty();
  });

  it('can be retrieved while that rings, which then does so no longer', () => {
    const { office, hq } = parked(channel);
    office.wait(46_000);
    const rung = office.last;
    office.say(rung, 'ringing');
    const other = office.call('8001', 'LINE/2');
    expect(rung.last).toMatch(/^hangup/);
    expect(office.heard(hq)).toBe('LINE/2');
    expect(office.heard(other)).toBe('IAX2/hq/123');
    office.expectEmpty();
  });

  it('waits on where that does not answer, is rung for three times, and then ends', () => {
    const { office, hq } = parked(channel);
    const before = office.legs.length;
    office.wait(46_000 + 31_000);
    expect(office.heard(hq)).toBe(HELD);
    expect(office.legs).toHaveLength(before + 1);
    office.wait(2 * 77_000);
    expect(office.legs).toHaveLength(before + 3);
    office.wait(46_000);
    expect(office.legs).toHaveLength(before + 3);
    expect(hq.last).toMatch(/^hangup/);
    office.expectEmpty();
  });

  it('goes on in the dialplan then, where that has more', () => {
    const { office, hq } = parked(channel, '809');
    office.wait(3 * 77_000 + 46_000);
    expect(office.last.channel).toMatch('LINE/2');
    office.say(office.last, 'answered');
    expect(office.heard(hq)).toBe('LINE/2');
    office.expectEmpty();
  });

  it('leaves its slot when whoever waits hangs up', () => {
    const { office, hq } = parked(channel);
    office.drop(hq);
    expect(office.exchange.size).toBe(0);
    const other = office.call('8001', 'LINE/2');
    expect(other.last).toBe('hangup unallocated-number');
    office.expectEmpty();
  });

  it('does not ring a telephone with do not disturb', () => {
    const { office, hq } = parked(channel);
    office.exchange.orders.change(channel, { doNotDisturb: true });
    const before = office.legs.length;
    office.wait(46_000);
    expect(office.legs).toHaveLength(before);
    expect(office.heard(hq)).toBe(HELD);
    office.expectEmpty();
  });

  it('can be parked again by whoever has retrieved it', () => {
    const { office, hq } = parked(channel);
    const other = office.call('8001', 'LINE/2');
    office.parkAtLine(other);
    expect(office.heard(hq)).toBe(HELD);
    office.wait(46_000);
    expect(office.last.channel).toMatch('LINE/2');
    office.expectEmpty();
  });
});

describe('parking', () => {
  it('tells a telephone its slot by as many beeps, behind a flash', () => {
    const { office, phone } = parked('SIP/1');
    expect(phone.last).toMatch(/^hangup/);
    const second = office.call('7124', 'LINE/1');
    office.say(office.last, 'answered');
    office.say(second, 'flash');
    office.dialOn(second, '800');
    office.wait(3_500);
    expect(office.beepsAt(second)).toBe(2);
    office.expectEmpty();
  });

  it('gives the slot up when a second flash takes the party back', () => {
    const { office, phone, hq } = talking('LINE/1');
    office.say(phone, 'flash');
    office.dialOn(phone, '800');
    office.wait(3_500);
    expect(office.beepsAt(phone)).toBe(1);
    office.say(phone, 'flash');
    expect([office.heard(phone), office.heard(hq)]).toEqual(['IAX2/hq/123', 'LINE/1']);
    expect(office.states).toEqual(['7123 talking']);
    office.expectEmpty();
  });

  it('takes a party by an attended transfer of a SIP phone, which has heard the slot', () => {
    const { office, phone, hq } = talking('SIP/1');
    office.say(phone, 'hold');
    const consulted = office.call('800', 'SIP/1', 'sip');
    expect(consulted.last).toBe('answer');
    expect(office.beepsAt(consulted)).toBe(1);
    office.say(phone, { type: 'transfer-to-leg', other: consulted.id });
    office.letGo();
    expect(office.heard(hq)).toBe(HELD);
    expect(office.exchange.views()).toMatchObject([{ from: '7123', to: '800', state: 'held' }]);
    office.expectEmpty();
  });

  it('retrieves by the code and 0 whoever was parked first', () => {
    const { office, hq } = parked('SIP/1');
    const second = office.call('7124', 'LINE/1');
    office.say(office.last, 'answered');
    office.parkAtLine(second);
    office.call('8000', 'LINE/2');
    expect(office.heard(hq)).toBe('LINE/2');
    office.expectEmpty();
  });

  it('retrieves nobody from a slot that is free, or only offered', () => {
    const { office, phone } = talking('LINE/1');
    expect(office.call('8002', 'LINE/2').last).toBe('hangup unallocated-number');
    office.letGo();
    office.say(phone, 'flash');
    office.dialOn(phone, '800');
    office.wait(3_500);
    expect(office.call('8001', 'LINE/2').last).toBe('hangup unallocated-number');
    office.expectEmpty();
  });

  it('rings at once whoever parks a tenth party by a blind transfer', () => {
    const office = new ParkingOffice();
    for (let count = 0; count < 10; count++) {
      const phone = office.call('7123', 'SIP/1', 'sip');
      office.say(office.last, 'answered');
      office.parkAtPhone(phone);
    }
    expect(office.states.filter((state) => state === '800 held')).toHaveLength(10);
    office.wait(500);
    expect(office.last.channel).toMatch('SIP/1');
    expect(office.call('800', 'LINE/2').last).toBe('hangup user-busy');
    office.expectEmpty();
  });

  it('takes a call that was forwarded by a blind transfer, too', () => {
    const office = new ParkingOffice();
    office.exchange.orders.change('LINE/2', { forward: { always: '211', busy: null, noAnswer: null } });
    const caller = office.call('202', 'IAX2/hq', 'iax2');
    office.say(office.last, 'answered');
    office.parkAtPhone(office.last);
    expect(office.heard(caller)).toBe(HELD);
    const other = office.call('8001', 'LINE/1');
    expect([office.heard(other), office.heard(caller)]).toEqual(['IAX2/hq', 'LINE/1']);
    office.expectEmpty();
  });

  it('is refused to calls of emergency, by flash and by transfer', () => {
    const office = new ParkingOffice();
    const phone = office.call('112', 'LINE/1');
    const centre = office.last;
    office.say(centre, 'answered');
    office.say(phone, 'flash', { type: 'transfer', context: 'office', number: '800' });
    office.dialOn(phone, '800');
    office.wait(3_500);
    expect(office.heard(phone)).toBe(centre.channel.split('#')[0]);
    expect(office.exchange.views()).toMatchObject([{ to: '112', state: 'talking', emergency: true }]);
    office.expectEmpty();
  });

  it('is refused to calls from elsewhere that nobody has sent there', () => {
    const office = new ParkingOffice();
    expect(office.call('800', 'IAX2/hq', 'iax2').last).toBe('hangup facility-rejected');
    office.expectEmpty();
  });
});
