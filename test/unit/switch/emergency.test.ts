import { describe, expect, it } from 'vitest';
import type { Cause } from '../../../src/base/causes.ts';
import { silentLog } from '../../../src/base/log.ts';
import { StreamIds } from '../../../src/base/media-port.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { parseTonePattern } from '../../../src/base/tone-pattern.ts';
import type { Environment } from '../../../src/dialplan/environment.ts';
import { NumberingPlan } from '../../../src/dialplan/numbering-plan.ts';
import { parseDialplan } from '../../../src/dialplan/parse.ts';
import { EmergencyPlan } from '../../../src/emergency/plan.ts';
import type { CallChange } from '../../../src/switch/call-register.ts';
import type { EmergencyNews } from '../../../src/switch/emergency-desk.ts';
import { Switch } from '../../../src/switch/switch.ts';
import { FakeDialler, FakeLeg, hungUp, TONES as PLAIN_TONES, RecordingMedia } from './fakes.ts';

const DIALPLAN = `
[office]
exten => _X.,1,Echo
exten => _0.,1,Dial(LINE/4/\${EXTEN:1})
exten => *9,1,Dial(Local/911@office)
exten => *8,1,Answer()
same => n,WaitExten(5)
exten => *7,1,Answer()
same => n,Read(code,,3)
same => n,Dial(LINE/2)
[menu]
exten => s,1,Answer()
same => n,WaitExten(5)
exten => i,1,Dial(LINE/2)
[town]
exten => s,1,Dial(LINE/2)
exten => 5,1,Dial(LINE/2)
[from-hq]
exten => _X.,1,Dial(LINE/2)
`;

const TONES = { ...PLAIN_TONES, information: parseTonePattern('950/330,1400/330,1800/330,0/1000')! };

/** A switch with a town line 4 and two trunks; `failing` says why a dial string fails at once. */
function bench(failing: Record<string, Cause> = {}) {
  const media = new RecordingMedia();
  const lines = new FakeDialler(failing);
  const iax2 = new FakeDialler(failing);
  const environment: Environment = {
    clock: { nowMs: () => 1_763_845_200_000, utcOffsetMinutes: () => 0 },
    random: new SeededRandom(1),
    globals: new Map(),
    devices: (number) => (number === '201' ? ['LINE/1'] : number === '203' ? ['LINE/3'] : []),
    deviceState: () => 'NOT_INUSE',
    night: () => false,
  };
  const streams = new StreamIds();
  const exchange = new Switch({
    dialplan: parseDialplan(DIALPLAN).dialplan,
    environment,
    media,
    streams,
    diallers: new Map([
      ['line', lines],
      ['iax2', iax2],
    ]),
    tones: TONES,
    emergency: new EmergencyPlan({
      country: 'us',
      numbers: [],
      townLines: ['LINE/4'],
      via: [{ channel: 'IAX2/hq', callerId: '+12015550100' }],
      otherTrunks: ['IAX2/backup'],
      notify: ['203'],
    }),
    numbering: new NumberingPlan('fr'),
    others: { ask: () => false },
    wallClock: () => 1_763_845_200_000,
    log: silentLog,
  });
  const news: EmergencyNews[] = [];
  const changes: CallChange[] = [];
  const drain = () => {
    for (let output = exchange.poll(); output !== undefined; output = exchange.poll())
      if (output.type === 'emergency') news.push(output);
      else if (output.type === 'call') changes.push(output);
  };
  const told = () => {
    drain();
    return news.splice(0).map(({ what, way, cause }) => [what, way, cause].filter((part) => part !== null).join(' '));
  };
  let callers = 0;
  const call = (number: string, telephone: string | undefined, context = 'office', nowMs = 0) => {
    const leg = new FakeLeg(`caller-${++callers}`, streams.next(), 'line', telephone);
    exchange.handleIncoming({ leg, context, number, caller: { number: '201', name: 'Desk' } }, nowMs);
    return leg;
  };
  /** What was dialled, the notices left out. */
  const dialled = () =>
    [...lines.requests, ...iax2.requests]
      .filter(({ resource }) => resource !== '3')
      .map(({ technology, resource, emergency }) => `${technology}/${resource}${emergency?.insist ? '!' : ''}`);
  const leg = (channel: string) => [...lines.dialled, ...iax2.dialled].findLast(({ id }) => id === channel)!;
  const end = (caller: FakeLeg, nowMs: number) => exchange.handleLegEvent(caller, hungUp('normal-clearing'), nowMs);
  const records = () => {
    drain();
    return changes.flatMap(({ record }) => record ?? []);
  };
  return { exchange, media, lines, iax2, failing, call, told, dialled, leg, end, records };
}

describe('an emergency number', () => {
  it('goes out on the town line before the dialplan is asked, and is marked in views and records', () => {
    const { exchange, media, call, told, dialled, leg, end, records } = bench();
    const caller = call('911', 'LINE/1');
    expect(dialled()).toEqual(['line/4/911']);
    expect(exchange.views()[0]).toMatchObject({ to: '911', emergency: true, state: 'dialling' });
    exchange.handleLegEvent(leg('line/4/911'), { type: 'answered' }, 3_000);
    expect(media.heardBy(caller.stream)).toBe(leg('line/4/911').stream);
    expect(exchange.views()[0]).toMatchObject({ state: 'talking' });
    expect(told()).toEqual(['placed', 'connected LINE/4']);
    end(caller, 5_000);
    expect(leg('line/4/911').last).toBe('hangup normal-clearing');
    exchange.handleLegEvent(leg('line/4/911'), hungUp('normal-clearing'), 5_001);
    exchange.handleLegEvent(leg('line/3'), hungUp('no-answer'), 5_002);
    expect(told()).toEqual(['ended normal-clearing']);
    expect(records().map(({ to, emergency }) => `${to} ${emergency}`)).toEqual(['911 true', '203 false']);
    expect(exchange.size).toBe(0);
  });

  it('is not touched by a tap of the hook, which would have the exchange put it aside', () => {
    const { exchange, call, leg } = bench();
    const caller = call('911', 'LINE/1');
    exchange.handleLegEvent(leg('line/4/911'), { type: 'answered' }, 3_000);
    const before = [...leg('line/4/911').told];
    exchange.handleLegEvent(caller, { type: 'flash' }, 4_000);
    expect(leg('line/4/911').told).toEqual(before);
    exchange.handleLegEvent(caller, { type: 'digit', digit: '1', durationMs: 100 }, 4_000);
    expect(leg('line/4/911').last).toBe('digit 1 100');
  });

  it('goes out without its outside-line prefix', () => {
    const { call, dialled } = bench();
    call('0911', 'LINE/1');
    expect(dialled()).toEqual(['line/4/911']);
  });

  it('goes on to the next way when one fails at once, later, or says nothing for 10 s', () => {
    const { exchange, call, told, dialled, leg } = bench({ '4/911': 'destination-out-of-order' });
    const caller = call('911', 'LINE/1');
    expect(dialled()).toEqual(['line/4/911', 'line/4/911!', 'iax2/hq/911']);
    exchange.handleLegEvent(leg('iax2/hq/911'), hungUp('unallocated-number'), 1_000);
    expect(dialled().at(-1)).toBe('iax2/backup/911');
    expect(caller.told).not.toContain('hangup unallocated-number');
    exchange.handleTimeout(11_000);
    expect(leg('iax2/backup/911').last).toBe('hangup no-user-response');
    expect(told()).toEqual([
      'placed',
      'way-failed LINE/4 destination-out-of-order',
      'way-failed LINE/4 destination-out-of-order',
      'way-failed IAX2/hq unallocated-number',
      'way-failed IAX2/backup no-user-response',
      'no-way',
    ]);
  });

  it('tries trunks that are taken for dead last, and for all that: those that do not answer qualify may still carry calls', () => {
    const { exchange, call, told, dialled, leg } = bench({
      '4/911': 'user-busy',
      'hq/911': 'destination-out-of-order',
    });
    call('911', 'LINE/1');
    expect(dialled()).toEqual(['line/4/911', 'line/4/911!', 'iax2/hq/911', 'iax2/backup/911']);
    exchange.handleLegEvent(leg('iax2/backup/911'), hungUp('no-circuit'), 1_000);
    expect(dialled().slice(4)).toEqual(['iax2/hq/911!']);
    expect(told()).toEqual([
      'placed',
      'way-failed LINE/4 user-busy',
      'way-failed LINE/4 user-busy',
      'way-failed IAX2/hq destination-out-of-order',
      'way-failed IAX2/backup no-circuit',
      'no-way',
    ]);
  });

  it('shows on each way the number that the centre has the address of, else that of the telephone', () => {
    const { iax2, lines, call } = bench({ '4/911': 'user-busy', 'hq/911': 'no-circuit' });
    call('911', 'LINE/1');
    expect(lines.requests[0]!.caller).toEqual({ number: '201', name: 'Desk' });
    expect(iax2.requests.map(({ caller }) => caller.number)).toEqual(['+12015550100', '201']);
  });

  it('waits for an answer as long as it rings', () => {
    const { exchange, call, dialled, leg } = bench();
    call('911', 'LINE/1');
    exchange.handleLegEvent(leg('line/4/911'), { type: 'ringing' }, 2_000);
    exchange.handleTimeout(600_000);
    expect(dialled()).toEqual(['line/4/911']);
  });

  it('is never answered with "unknown number": every way is tried again as long as the caller stays', () => {
    const { exchange, media, failing, call, told, dialled, leg } = bench({
      '4/911': 'no-route',
      'hq/911': 'no-circuit',
      'backup/911': 'unallocated-number',
    });
    const caller = call('911', 'LINE/1');
    expect(media.hears.get(caller.stream)).toEqual({ kind: 'tone', pattern: TONES.information });
    expect(caller.told).toEqual(['progress']);
    expect(told().at(-1)).toBe('no-way');
    for (let nowMs = 5_000; nowMs <= 600_000; nowMs += 5_000) exchange.handleTimeout(nowMs);
    expect(caller.told.filter((word) => word.startsWith('hangup'))).toEqual([]);
    expect(told()).toEqual([]);
    expect(dialled().length).toBe(4 * 121);
    delete failing['hq/911'];
    exchange.handleTimeout(605_000);
    exchange.handleLegEvent(leg('iax2/hq/911'), { type: 'answered' }, 606_000);
    expect(told()).toEqual(['connected IAX2/hq']);
  });

  it('has no way at all and is still not refused', () => {
    const { exchange, call, told } = bench();
    const noWays = { country: 'us', numbers: [], townLines: [], via: [], otherTrunks: [], notify: [] };
    exchange.configure({ dialplan: parseDialplan(DIALPLAN).dialplan, emergency: new EmergencyPlan(noWays) });
    const caller = call('911', 'LINE/1');
    expect(caller.told).toEqual(['progress']);
    expect(told()).toEqual(['placed', 'no-way']);
    expect(exchange.nextDeadline()).toBe(5_000);
  });

  it('takes a town line over that is in use, but not from another emergency call', () => {
    const { exchange, lines, call, dialled, leg } = bench();
    call('911', 'LINE/1');
    exchange.handleLegEvent(leg('line/4/911'), { type: 'answered' }, 1_000);
    call('911', 'LINE/2');
    expect(dialled()).toEqual(['line/4/911', 'iax2/hq/911']);
    expect(lines.requests.some(({ emergency }) => emergency?.insist === true)).toBe(false);
  });

  it('is taken while the appliance is about to stop', () => {
    const { exchange, call, dialled } = bench();
    exchange.drain();
    expect(call('600', 'LINE/1').last).toBe('hangup temporary-failure');
    call('911', 'LINE/1');
    expect(dialled()).toEqual(['line/4/911']);
  });

  it('is what the dialplan makes of it when it comes from elsewhere', () => {
    const { call, dialled } = bench();
    call('911', undefined, 'from-hq');
    expect(dialled()).toEqual(['line/2']);
  });

  it('is one when a telephone dials it in the middle of the dialplan, by itself or behind a shortcut', () => {
    const { exchange, call, dialled, told, leg, records } = bench();
    const caller = call('*8', 'LINE/1');
    for (const digit of '911') exchange.handleLegEvent(caller, { type: 'digit', digit, durationMs: 100 }, 1_000);
    exchange.handleTimeout(exchange.nextDeadline()!);
    expect(dialled()).toEqual(['line/4/911']);
    expect(exchange.views()[0]).toMatchObject({ to: '911', emergency: true });
    exchange.handleLegEvent(leg('line/4/911'), { type: 'answered' }, 3_000);
    exchange.handleLegEvent(caller, hungUp('normal-clearing'), 4_000);
    exchange.handleLegEvent(leg('line/4/911'), hungUp('normal-clearing'), 4_000);
    expect(told()).toEqual(['placed', 'connected LINE/4', 'ended normal-clearing']);
    expect(records()).toMatchObject([{ to: '911', emergency: true }]);
    call('*9', 'LINE/2');
    expect(dialled().slice(1)).toEqual(['line/4/911']);
    expect(told()).toEqual(['placed']);
  });

  it('is no emergency number where digits are only read, or where a caller from elsewhere dials them in a menu', () => {
    const { exchange, call, dialled, told } = bench();
    const dial = (leg: FakeLeg, digits: string) => {
      for (const digit of digits) exchange.handleLegEvent(leg, { type: 'digit', digit, durationMs: 100 }, 1_000);
    };
    dial(call('*7', 'LINE/1'), '911');
    dial(call('s', undefined, 'menu'), '911');
    exchange.handleTimeout(10_000);
    expect(dialled()).toEqual(['line/2', 'line/2']);
    expect(told()).toEqual([]);
  });

  it.each([
    { what: 'the telephone that was called', who: 'callee', from: 'LINE/1', to: 'LINE/2', rungBack: 'LINE/2' },
    { what: 'the telephone that called', who: 'caller', from: 'LINE/1', to: 'LINE/2', rungBack: 'LINE/1' },
    { what: 'a caller from elsewhere', who: 'caller', from: undefined, to: 'LINE/2', rungBack: 'LINE/2' },
  ] as const)('is one for $what when the other party hands it on to the number', ({ who, from, to, rungBack }) => {
    const { exchange, call, dialled, leg, records } = bench();
    const caller = call('5', from, 'town');
    const callee = leg('line/2');
    callee.telephone = to;
    exchange.handleLegEvent(callee, { type: 'answered' }, 500);
    const handsOn = who === 'caller' ? callee : caller;
    exchange.handleLegEvent(handsOn, { type: 'transfer', context: 'office', number: '911' }, 1_000);
    expect(handsOn.told.slice(-2)).toEqual(['transfer done', 'hangup normal-clearing']);
    expect(dialled().slice(1)).toEqual(['line/4/911']);
    expect(exchange.views().find(({ to: number }) => number === '911')).toMatchObject({ emergency: true });
    exchange.handleLegEvent(handsOn, hungUp('normal-clearing'), 1_000);
    exchange.handleLegEvent(leg('line/4/911'), { type: 'answered' }, 3_000);
    exchange.handleLegEvent(leg('line/4/911'), hungUp('normal-clearing'), 4_000);
    exchange.handleLegEvent(who === 'caller' ? caller : callee, hungUp('normal-clearing'), 4_000);
    expect(records()).toContainEqual(expect.objectContaining({ to: '911', emergency: true }));
    // Whom the centre rings back.
    const back = new FakeLeg('LINE/4', 900);
    exchange.handleIncoming({ leg: back, context: 'town', number: 's', caller: { number: '', name: '' } }, 60_000);
    expect(dialled().at(-1)).toBe(rungBack.toLowerCase());
  });

  it('may be rung up by an operator for a telephone', () => {
    const { exchange, dialled, leg, told } = bench();
    const made = exchange.originate(
      {
        technology: 'line',
        resource: '1',
        context: 'office',
        number: '911',
        caller: { number: '201', name: '' },
        telephone: 'LINE/1',
      },
      0,
    );
    expect(made).toMatchObject({ id: expect.any(String) });
    expect(told()).toEqual([]);
    exchange.handleLegEvent(leg('line/1'), { type: 'answered' }, 1_000);
    expect(dialled()).toEqual(['line/1', 'line/4/911']);
    expect(told()).toEqual(['placed']);
  });
});

describe('a test of the way out', () => {
  it('goes the way of an emergency call, cuts nobody off and alarms nobody', () => {
    const { exchange, lines, call, dialled, told } = bench({ '4/933': 'user-busy' });
    call('933', 'LINE/1');
    expect(dialled()).toEqual(['line/4/933', 'iax2/hq/933']);
    expect(lines.requests.map(({ resource }) => resource)).not.toContain('3');
    expect(exchange.views()[0]).toMatchObject({ emergency: false });
    expect(told()).toEqual(['placed', 'way-failed LINE/4 user-busy']);
  });
});

describe('whoever is to be told', () => {
  it('is rung with the number and the caller on the display, and hears a tone', () => {
    const { exchange, media, lines, call, leg } = bench();
    call('911', 'LINE/1');
    expect(lines.requests.find(({ resource }) => resource === '3')!.caller).toEqual({
      number: '201',
      name: 'EMERGENCY 911',
    });
    exchange.handleLegEvent(leg('line/3'), { type: 'answered' }, 2_000);
    expect(media.hears.get(leg('line/3').stream)).toEqual({ kind: 'tone', pattern: TONES.information });
    exchange.handleTimeout(12_000);
    expect(leg('line/3').last).toBe('hangup normal-clearing');
  });

  it('is told again when no way is left, and is not rung by its own call', () => {
    const { lines, call } = bench({ '4/911': 'no-route', 'hq/911': 'no-route', 'backup/911': 'no-route' });
    call('911', 'LINE/1');
    const names = lines.requests.filter(({ resource }) => resource === '3').map(({ caller }) => caller.name);
    expect(names).toEqual(['EMERGENCY 911', '911 HAS NO LINE']);
    const before = lines.requests.filter(({ resource }) => resource === '3').length;
    call('911', 'LINE/3');
    expect(lines.requests.filter(({ resource }) => resource === '3').length).toBe(before);
  });
});

describe('a callback', () => {
  const MINUTE = 60_000;

  function afterCall(way: 'line/4/911' | 'iax2/hq/911') {
    const it = bench(way === 'line/4/911' ? {} : { '4/911': 'user-busy' });
    const caller = it.call('911', 'LINE/1');
    it.exchange.handleLegEvent(it.leg(way), { type: 'answered' }, 1_000);
    it.end(caller, 2_000);
    it.told();
    const back = (number: string, channel: string, nowMs: number) => {
      const leg = new FakeLeg(channel, 900 + nowMs);
      const context = channel.startsWith('LINE') ? 'town' : 'from-hq';
      it.exchange.handleIncoming({ leg, context, number, caller: { number: '9110', name: '' } }, nowMs);
      return it.dialled().findLast((one) => one.startsWith('line/'));
    };
    return { ...it, back };
  }

  it('on the town line rings the telephone that called, for 30 minutes from the end of the call', () => {
    const { exchange, back, told } = afterCall('line/4/911');
    expect(back('s', 'LINE/4', 29 * MINUTE)).toBe('line/1');
    expect(exchange.views().at(-1)).toMatchObject({ emergency: true });
    expect(told()).toEqual(['callback LINE/4']);
    expect(back('s', 'LINE/4', 31 * MINUTE)).toBe('line/2');
  });

  it('on a trunk rings it when the number is the one that the call showed, however it is written', () => {
    const { back } = afterCall('iax2/hq/911');
    expect(back('2015550100', 'IAX2/hq-7', 1 * MINUTE)).toBe('line/1');
    expect(back('5550100', 'IAX2/hq-8', 2 * MINUTE)).toBe('line/1');
    expect(back('2015550199', 'IAX2/hq-9', 3 * MINUTE)).toBe('line/2');
    expect(back('2015550100', 'IAX2/backup-3', 4 * MINUTE)).toBe('line/2');
  });

  it('goes to the dialplan when the telephone that called does not answer', () => {
    const { exchange, back, leg, dialled } = afterCall('line/4/911');
    back('s', 'LINE/4', 1 * MINUTE);
    exchange.handleLegEvent(leg('line/1'), hungUp('user-busy'), 1 * MINUTE + 10);
    expect(dialled().at(-1)).toBe('line/2');
  });
});
