import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { StreamIds } from '../../../src/base/media-port.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { parseTonePattern } from '../../../src/base/tone-pattern.ts';
import { type DialClass, NumberingPlan } from '../../../src/dialplan/numbering-plan.ts';
import { parseDialplan } from '../../../src/dialplan/parse.ts';
import { EmergencyPlan } from '../../../src/emergency/plan.ts';
import { Switch } from '../../../src/switch/switch.ts';
import { FakeDialler, FakeLeg, RecordingMedia } from './fakes.ts';

const DIALPLAN = `
[office]
ignorepat => 9
exten => _9X.,1,Dial(LINE/4/\${EXTEN:1})
exten => _8X.,1,Dial(SIP/itsp/\${EXTEN:1})
exten => _8X.,2,Dial(LINE/1)
exten => _6X.,1,Dial(SIP/\${EXTEN:1}@itsp)
exten => _0X.,1,Dial(IAX2/hq/\${EXTEN})
exten => _7XXX,1,Dial(IAX2/hq/\${EXTEN})
exten => _5X.,1,Dial(Local/8\${EXTEN:1}@office)
exten => _2XX,1,Dial(LINE/1)
[direct]
ignorepat => 0
exten => _X.,1,Dial(IAX2/hq/\${EXTEN})
`;

const tone = parseTonePattern('440')!;

function office() {
  const diallers = { line: new FakeDialler(), sip: new FakeDialler(), iax2: new FakeDialler() };
  const streams = new StreamIds();
  const exchange = new Switch({
    dialplan: parseDialplan(DIALPLAN).dialplan,
    environment: {
      clock: { nowMs: () => 1_763_845_200_000, utcOffsetMinutes: () => 0 },
      random: new SeededRandom(1),
      globals: new Map(),
      devices: () => [],
      deviceState: () => 'NOT_INUSE',
      night: () => false,
    },
    media: new RecordingMedia(),
    streams,
    diallers: new Map(Object.entries(diallers) as ['line' | 'sip' | 'iax2', FakeDialler][]),
    tones: { dial: tone, ringback: tone, busy: tone, congestion: tone, information: tone },
    emergency: new EmergencyPlan({
      country: 'fr',
      numbers: ['0033999'],
      townLines: ['LINE/4'],
      via: [],
      otherTrunks: [],
      notify: [],
    }),
    numbering: new NumberingPlan('fr'),
    others: { ask: () => false },
    wallClock: () => 1_763_845_200_000,
    log: silentLog,
  });
  const asked = () =>
    Object.values(diallers)
      .flatMap(({ requests }) => requests)
      .map(({ technology, resource }) => `${technology} ${resource}`);
  const call = (number: string, dialClass: DialClass | undefined, context = 'office', telephone?: string) => {
    const leg = new FakeLeg('SIP/211-1', streams.next(), 'sip', telephone);
    leg.dialClass = dialClass;
    exchange.handleIncoming({ leg, context, number, caller: { number: '211', name: '' } }, 0);
    return leg;
  };
  return { exchange, diallers, call, asked };
}

describe('a class of service', () => {
  it('lets through what it allows, on every way out', () => {
    const { call, asked } = office();
    call('90472000001', 'national');
    call('80472000001', 'national');
    call('7123', 'local');
    call('201', 'local');
    expect(asked()).toEqual(['line 4/0472000001', 'line 1', 'sip itsp/0472000001', 'iax2 hq/7123']);
  });

  it('refuses what goes beyond it with cause 50, and nothing is dialled', () => {
    const { call, asked } = office();
    for (const number of ['90044207946000', '60044207946000', '0044207946000'])
      expect(call(number, 'national').told).toEqual(['hangup facility-not-subscribed']);
    expect(asked()).toEqual([]);
  });

  it('leaves it to the dialplan what comes next, as with any other failure', () => {
    const { call, asked } = office();
    call('80044207946000', 'national');
    expect(asked()).toEqual(['line 1']);
  });

  it('holds behind a shortcut over a Local channel', () => {
    const { call, asked } = office();
    call('50044207946000', 'national');
    expect(asked()).toEqual(['line 1']);
  });

  it('judges what stands behind an outside-line prefix that the switch behind takes off', () => {
    const { call, asked } = office();
    call('00044207946000', 'national', 'direct');
    expect(asked()).toEqual([]);
    call('00472000001', 'national', 'direct');
    expect(asked()).toEqual(['iax2 hq/00472000001']);
  });

  it('restricts nobody who has none', () => {
    const { call, asked } = office();
    call('90044207946000', undefined);
    expect(asked()).toEqual(['line 4/0044207946000']);
  });

  it('does not hold for emergency numbers', () => {
    const { call, asked } = office();
    call('90033999', 'local');
    call('112', 'local', 'office', 'SIP/211');
    expect(asked()).toEqual(['line 4/0033999', 'line 4/112']);
  });

  it('is that of whoever transfers, too: nobody is sent where the sender may not call', () => {
    const { exchange, diallers, call, asked } = office();
    const outside = call('201', undefined);
    const phone = diallers.line.dialled[0]!;
    phone.dialClass = 'local';
    exchange.handleLegEvent(phone, { type: 'answered' }, 1000);
    exchange.handleLegEvent(phone, { type: 'transfer', context: 'office', number: '0044207946000' }, 2000);
    expect(outside.last).toBe('hangup facility-not-subscribed');
    expect(asked()).toEqual(['line 1']);
  });

  it('keeps who may not dial everything from the second dial tone of a town exchange', () => {
    const { exchange, diallers, call } = office();
    const caller = call('91234', 'local');
    const [town] = diallers.line.dialled;
    exchange.handleLegEvent(town!, { type: 'answered' }, 1000);
    exchange.handleLegEvent(caller, { type: 'flash' }, 2000);
    expect(town!.told).toEqual([]);
  });
});
