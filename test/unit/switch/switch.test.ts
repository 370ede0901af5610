import { describe, expect, it } from 'vitest';
import type { Cause } from '../../../src/base/causes.ts';
import { silentLog } from '../../../src/base/log.ts';
import { StreamIds } from '../../../src/base/media-port.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import type { Environment } from '../../../src/dialplan/environment.ts';
import { NumberingPlan } from '../../../src/dialplan/numbering-plan.ts';
import { parseDialplan } from '../../../src/dialplan/parse.ts';
import { EmergencyPlan } from '../../../src/emergency/plan.ts';
import type { CallChange } from '../../../src/switch/call-register.ts';
import { Switch } from '../../../src/switch/switch.ts';
import { FakeDialler, FakeLeg, hungUp, RecordingMedia, TONES } from './fakes.ts';

const DIALPLAN = `
[masked]
exten => 1,1,Set(CALLERID(num)=0472000001)
 same => n,Dial(IAX2/hq/1)
[office]
exten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},20)
exten => _7XXX,1,Dial(IAX2/hq/\${EXTEN:1},30,r)
exten => _7XXX,2,Dial(IAX2/backup/\${EXTEN:1},30)
exten => _7XXX,3,Congestion
exten => 300,1,Dial(Local/201@office)
exten => 301,1,Dial(Local/301@office)
exten => 302,1,Dial(Local/602@office)
exten => 303,1,Dial(Local/304@office)
exten => 304,1,Congestion
exten => 305,1,Dial(Local/7123@office)
exten => 600,1,Answer
exten => 600,2,Echo
exten => 601,1,Milliwatt
exten => 602,1,Busy
exten => 603,1,Answer
exten => 603,2,Wait(2)
exten => 603,3,Hangup(21)
exten => 604,1,Playtones(ring)
exten => 604,2,Wait(1)
exten => 604,3,StopPlaytones
exten => 604,4,Wait(10)
exten => 605,1,Answer
exten => 605,2,Dial(IAX2/hq/605)
exten => 606,1,Dial(\${DEVICE(999)})
[elsewhere]
switch => IAX2/hq/numbers
`;

function bench(failing: Readonly<Record<string, Cause>> = {}, seed = 1) {
  const media = new RecordingMedia();
  const lines = new FakeDialler(failing);
  const iax2 = new FakeDialler(failing);
  const { dialplan, problems } = parseDialplan(DIALPLAN);
  expect(problems).toEqual([]);
  const environment: Environment = {
    clock: { nowMs: () => 1_763_845_200_000, utcOffsetMinutes: () => 0 },
    random: new SeededRandom(seed),
    globals: new Map(),
    devices: (number) => (number === '201' ? ['LINE/1'] : number === '220' ? ['LINE/1', 'LINE/2'] : []),
    deviceState: () => 'NOT_INUSE',
    night: () => false,
  };
  const streams = new StreamIds();
  const exchange = new Switch({
    dialplan,
    environment,
    media,
    streams,
    diallers: new Map([
      ['line', lines],
      ['iax2', iax2],
    ]),
    tones: TONES,
    emergency: new EmergencyPlan({ country: 'fr', numbers: [], townLines: [], via: [], otherTrunks: [], notify: [] }),
    numbering: new NumberingPlan('fr'),
    others: { ask: (_peer, number) => (number === '888' ? true : { id: 7 }) },
    wallClock: () => 1_763_845_200_000,
    log: silentLog,
  });
  const outputs: CallChange[] = [];
  const collect = () => {
    for (let output = exchange.poll(); output !== undefined; output = exchange.poll())
      if (output.type === 'call') outputs.push(output);
  };
  const records = () => {
    collect();
    return outputs.flatMap(({ record }) => record ?? []);
  };
  const drain = () => {
    collect();
    return outputs
      .splice(0)
      .map(({ change, view, cause }) => [change, view.state, ...(cause === null ? [] : [cause])].join(' '));
  };
  let callers = 0;
  const call = (number: string, context = 'office') => {
    const leg = new FakeLeg(`caller-${++callers}`, streams.next());
    exchange.handleIncoming({ leg, context, number, caller: { number: '202', name: 'Workshop' } }, 0);
    return leg;
  };
  /** Both parties are gone: nothing of the call may be left. */
  const expectEmpty = () => {
    expect(exchange.size).toBe(0);
    expect(exchange.nextDeadline()).toBeUndefined();
  };
  return { exchange, media, lines, iax2, call, drain, records, expectEmpty };
}

describe('the caller that a call shows', () => {
  const SECRETIVE = {
    number: '5551234',
    name: '',
    presentation: 0x21,
    typeOfNumber: 0x21,
    transitNetwork: 7,
    ani2: 62,
  };

  it('is the one that came in, with all that was said of the number: one that must not be shown stays so', () => {
    const { exchange, lines } = bench();
    const leg = new FakeLeg('caller', 900);
    exchange.handleIncoming({ leg, context: 'office', number: '201', caller: { ...SECRETIVE, isWithheld: true } }, 0);
    expect(lines.requests[0]!.caller).toEqual({ ...SECRETIVE, isWithheld: true });
  });

  it('is shown where the dialplan has put another number in the place of one that must not be', () => {
    const { exchange, iax2 } = bench();
    const leg = new FakeLeg('caller', 900);
    exchange.handleIncoming({ leg, context: 'masked', number: '1', caller: { ...SECRETIVE, isWithheld: true } }, 0);
    expect(iax2.requests[0]!.caller).toMatchObject({ number: '0472000001', presentation: 0 });
    expect(iax2.requests[0]!.caller.isWithheld).toBeUndefined();
  });
});

describe('the switch', () => {
  it('connects a caller to the line with the dialled extension, and ends when either hangs up', () => {
    const { exchange, media, lines, call, drain, expectEmpty } = bench();
    const caller = call('201');
    const [callee] = lines.dialled;
    expect(lines.requests[0]).toMatchObject({ resource: '1', caller: { number: '202', name: 'Workshop' } });
    expect(drain()).toEqual(['started dialling', 'changed dialling']);
    exchange.handleLegEvent(callee!, { type: 'ringing' }, 100);
    exchange.handleLegEvent(callee!, { type: 'answered' }, 3000);
    expect(drain()).toEqual(['changed ringing', 'changed talking']);
    expect(caller.told).toEqual(['ringing', 'answer']);
    expect(media.heardBy(caller.stream)).toBe(callee!.stream);
    expect(exchange.views()[0]).toMatchObject({
      from: '202',
      to: '201',
      state: 'talking',
      sinceMs: 3000,
      startedMs: 0,
    });

    exchange.handleLegEvent(callee!, hungUp('normal-clearing'), 9000);
    expect(caller.last).toBe('hangup normal-clearing');
    exchange.handleLegEvent(caller, hungUp('normal-clearing'), 9001);
    expect(drain()).toEqual(['changed ending normal-clearing', 'ended ending normal-clearing']);
    expectEmpty();
  });

  it('looks, when something happens in one call, at none of those that stand beside it', () => {
    const { exchange, lines, call, drain } = bench();
    const standing = Array.from({ length: 20 }, () => call('201'));
    for (const leg of lines.dialled) exchange.handleLegEvent(leg, { type: 'answered' }, 100);
    const looks: string[] = [];
    for (const leg of [...standing, ...lines.dialled])
      Object.defineProperty(leg, 'channel', { get: () => looks[looks.push(leg.id) - 1] });
    const caller = call('7123');
    drain();
    exchange.handleLegEvent(caller, hungUp('normal-clearing'), 200);
    exchange.handleTimeout(300);
    expect(drain()).toEqual(['changed ending normal-clearing']);
    expect(looks).toEqual([]);
  });

  it('says why a call ends as soon as it ends, though legs still have to say goodbye', () => {
    const { exchange, lines, call, drain, expectEmpty } = bench();
    const caller = call('201');
    drain();
    exchange.handleLegEvent(lines.dialled[0]!, hungUp('user-busy'), 100);
    expect(drain()).toEqual(['changed ending user-busy']);
    exchange.handleLegEvent(caller, hungUp('normal-clearing'), 5_000);
    expect(drain()).toEqual(['ended ending user-busy']);
    expectEmpty();
  });

  it('gives with the end of a call the record of every leg that it had, also of one that failed', () => {
    const { exchange, iax2, call, records } = bench();
    const caller = call('7123');
    exchange.handleLegEvent(iax2.dialled[0]!, hungUp('no-circuit'), 100);
    exchange.handleLegEvent(iax2.dialled[1]!, { type: 'answered' }, 3000);
    exchange.handleLegEvent(iax2.dialled[1]!, hungUp('normal-clearing'), 9000);
    expect(records()).toEqual([]);
    exchange.handleLegEvent(caller, hungUp('normal-clearing'), 9001);
    const times = { from: '202', to: '7123', startedMs: 0, answeredMs: 3000, endedMs: 9001, cause: 'normal-clearing' };
    const [record, ...more] = records();
    expect(record).toMatchObject(times);
    expect(more).toEqual([]);
    expect(
      record!.legs.map(({ direction, startedMs, answeredMs, endedMs, cause }) => [
        direction,
        startedMs,
        answeredMs,
        endedMs,
        cause,
      ]),
    ).toEqual([
      ['in', 0, 3000, 9001, 'normal-clearing'],
      ['out', 0, null, 100, 'no-circuit'],
      ['out', 100, 3000, 9000, 'normal-clearing'],
    ]);
  });

  it('hangs up the called party when the caller goes', () => {
    const { exchange, lines, call, expectEmpty } = bench();
    const caller = call('201');
    exchange.handleLegEvent(lines.dialled[0]!, { type: 'answered' }, 1);
    exchange.handleLegEvent(caller, hungUp('normal-clearing'), 2);
    expect(lines.dialled[0]!.last).toBe('hangup normal-clearing');
    exchange.handleLegEvent(lines.dialled[0]!, hungUp('normal-clearing'), 3);
    expectEmpty();
  });

  it('goes to the next priority at once when a peer is known to be dead, and gives congestion when all are', () => {
    const { exchange, iax2, call, expectEmpty } = bench({ 'hq/123': 'destination-out-of-order' });
    const caller = call('7123');
    expect(iax2.requests.map((request) => request.resource)).toEqual(['hq/123', 'backup/123']);
    exchange.handleLegEvent(iax2.dialled[0]!, hungUp('no-circuit'), 5);
    expect(caller.told).toEqual(['congestion']);
    exchange.handleLegEvent(caller, hungUp('normal-clearing'), 6);
    expectEmpty();
  });

  it('ends an extension without an answer by the cause of its last failure', () => {
    const { exchange, lines, call, drain } = bench();
    const caller = call('201');
    exchange.handleLegEvent(lines.dialled[0]!, hungUp('user-busy'), 5);
    expect(caller.told).toEqual(['hangup user-busy']);
    exchange.handleLegEvent(caller, hungUp('user-busy'), 6);
    expect(drain().at(-1)).toBe('ended ending user-busy');
  });

  it('refuses a number that does not exist with cause 3, and an extension nobody has with cause 1', () => {
    const { exchange, call, expectEmpty } = bench();
    const unknown = call('999');
    expect(unknown.told).toEqual(['hangup no-route']);
    exchange.handleLegEvent(unknown, hungUp('no-route'), 1);
    const nobody = call('606');
    expect(nobody.told).toEqual(['hangup unallocated-number']);
    exchange.handleLegEvent(nobody, hungUp('unallocated-number'), 2);
    expectEmpty();
  });

  it('lets a caller hear itself, digits included, until #', () => {
    const { exchange, media, call } = bench();
    const caller = call('600');
    expect(media.heardBy(caller.stream)).toBe(caller.stream);
    exchange.handleLegEvent(caller, { type: 'digit', digit: '5', durationMs: 90 }, 10);
    exchange.handleLegEvent(caller, { type: 'digit', digit: '#', durationMs: 90 }, 20);
    expect(caller.told).toEqual(
      ['answer', 'progress', 'digit 5 90', 'hangup normal-clearing'].filter((it) => it !== 'progress'),
    );
  });

  it('plays 1004 Hz at 0 dBm0 for Milliwatt', () => {
    const { media, call } = bench();
    const caller = call('601');
    expect(media.hears.get(caller.stream)).toMatchObject({
      kind: 'tone',
      dbm0: 0,
      pattern: { steps: [{ hz: [1004] }] },
    });
  });

  it('waits, and hangs up with the cause that the dialplan names', () => {
    const { exchange, call } = bench();
    const caller = call('603');
    expect(exchange.nextDeadline()).toBe(2000);
    exchange.handleTimeout(1999);
    expect(caller.last).toBe('answer');
    exchange.handleTimeout(2000);
    expect(caller.last).toBe('hangup call-rejected');
  });

  it('goes on with the dialplan while a tone of Playtones sounds', () => {
    const { exchange, media, call } = bench();
    const caller = call('604');
    expect(media.hears.get(caller.stream)).toEqual({ kind: 'tone', pattern: TONES.ringback });
    exchange.handleTimeout(1000);
    expect(media.heardBy(caller.stream)).toBe('nothing');
  });

  it('plays progress to a caller that was answered already, since it can no longer be told', () => {
    const { exchange, media, iax2, call } = bench();
    const caller = call('605');
    exchange.handleLegEvent(iax2.dialled[0]!, { type: 'ringing' }, 5);
    expect(caller.told).toEqual(['answer']);
    expect(media.hears.get(caller.stream)).toEqual({ kind: 'tone', pattern: TONES.ringback });
  });

  it('carries a call through a Local channel: ringing, answer, sound and the end', () => {
    const { exchange, media, lines, call, expectEmpty } = bench();
    const caller = call('300');
    const [callee] = lines.dialled;
    exchange.handleLegEvent(callee!, { type: 'ringing' }, 5);
    exchange.handleLegEvent(callee!, { type: 'answered' }, 6);
    expect(caller.told).toEqual(['ringing', 'answer']);
    expect(media.heardBy(caller.stream)).toBe(callee!.stream);
    expect(media.heardBy(callee!.stream)).toBe(caller.stream);
    expect(exchange.views()).toHaveLength(2);
    exchange.handleLegEvent(caller, hungUp('normal-clearing'), 7);
    expect(callee!.last).toBe('hangup normal-clearing');
    exchange.handleLegEvent(callee!, hungUp('normal-clearing'), 8);
    expectEmpty();
  });

  it.each([
    ['302', 'user-busy'],
    ['303', 'no-circuit'],
  ])('ends both halves of a Local channel that says %s is busy or congested', (number, cause) => {
    const { exchange, call, expectEmpty } = bench();
    const caller = call(number);
    expect(caller.last).toBe(`hangup ${cause}`);
    exchange.handleLegEvent(caller, hungUp(cause as 'user-busy'), 1);
    expectEmpty();
  });

  it('stops a dialplan that dials itself through Local channels', () => {
    const { exchange, call, expectEmpty } = bench();
    const caller = call('301');
    expect(caller.last).toBe('hangup switch-congestion');
    exchange.handleLegEvent(caller, hungUp('switch-congestion'), 1);
    expectEmpty();
  });

  it('rings a party for originate and connects it when it answers', () => {
    const { exchange, lines, iax2, media, drain, expectEmpty } = bench();
    const made = exchange.originate(
      { technology: 'line', resource: '1', context: 'office', number: '7123', caller: { number: '201', name: '' } },
      0,
    );
    expect(made).toHaveProperty('id');
    const [party] = lines.dialled;
    exchange.handleLegEvent(party!, { type: 'answered' }, 500);
    expect(iax2.requests[0]).toMatchObject({ resource: 'hq/123', caller: { number: '201' } });
    expect(media.hears.get(party!.stream)).toEqual({ kind: 'tone', pattern: TONES.ringback });
    exchange.handleLegEvent(iax2.dialled[0]!, { type: 'answered' }, 900);
    expect(media.heardBy(party!.stream)).toBe(iax2.dialled[0]!.stream);
    expect(drain().at(-1)).toBe('changed talking');
    expect(exchange.hangup((made as { id: string }).id, 'normal-clearing', 1000)).toBe(true);
    expect([party!.last, iax2.dialled[0]!.last]).toEqual(['hangup normal-clearing', 'hangup normal-clearing']);
    for (const leg of [party!, iax2.dialled[0]!]) exchange.handleLegEvent(leg, hungUp('normal-clearing'), 1001);
    expectEmpty();
  });

  it('gives up a party that does not answer within a minute', () => {
    const { exchange, lines, expectEmpty } = bench();
    exchange.originate(
      { technology: 'line', resource: '1', context: 'office', number: '600', caller: { number: '', name: '' } },
      0,
    );
    expect(exchange.nextDeadline()).toBe(60_000);
    exchange.handleTimeout(60_000);
    expect(lines.dialled[0]!.last).toBe('hangup no-answer');
    exchange.handleLegEvent(lines.dialled[0]!, hungUp('no-answer'), 60_001);
    expectEmpty();
  });

  it('refuses new calls while it drains and lets those that stand go on', () => {
    const { exchange, lines, call } = bench();
    const caller = call('201');
    exchange.drain();
    expect(call('201').told).toEqual(['hangup temporary-failure']);
    exchange.handleLegEvent(lines.dialled[0]!, { type: 'answered' }, 1);
    expect(caller.told).toEqual(['answer']);
  });

  it('dials a number at the switch that says it has it', () => {
    const { iax2, call } = bench();
    call('888', 'elsewhere');
    expect(iax2.requests[0]).toMatchObject({ resource: 'hq/888@numbers' });
  });

  it('waits for the answer of the other switch, and refuses a number that is not there either', () => {
    const { exchange, iax2, call } = bench();
    const caller = call('777', 'elsewhere');
    exchange.handleLookup(6, true, 1);
    expect(caller.told).toEqual([]);
    exchange.handleLookup(7, false, 2);
    expect(iax2.requests).toEqual([]);
    expect(caller.told).toEqual(['hangup no-route']);
  });

  it('shows a party that originate rings, and lets the call be ended before it answers', () => {
    const { exchange, lines, drain, expectEmpty } = bench();
    const order = {
      technology: 'line',
      resource: '1',
      context: 'office',
      number: '600',
      caller: { number: '201', name: '' },
    } as const;
    const made = exchange.originate(order, 0) as { id: string };
    exchange.handleLegEvent(lines.dialled[0]!, { type: 'ringing' }, 5);
    expect(drain()).toEqual(['started dialling', 'changed ringing']);
    expect(exchange.views()).toHaveLength(1);
    exchange.hangup(made.id, 'normal-clearing', 6);
    expect(lines.dialled[0]!.last).toBe('hangup normal-clearing');
    exchange.handleLegEvent(lines.dialled[0]!, hungUp('normal-clearing'), 7);
    expectEmpty();
  });

  it('ignores what a leg says after its end', () => {
    const { exchange, call, expectEmpty } = bench();
    const caller = call('600');
    exchange.handleLegEvent(caller, hungUp('normal-clearing'), 1);
    exchange.handleLegEvent(caller, { type: 'digit', digit: '1', durationMs: 80 }, 2);
    exchange.handleLegEvent(caller, hungUp('normal-clearing'), 3);
    expectEmpty();
  });

  it('names calls apart from those of another run, also where the clock says the same', () => {
    const ids = [1, 2].map((seed) => {
      const { exchange, call } = bench({}, seed);
      call('600');
      call('600');
      return exchange.views().map((view) => view.id);
    });
    expect(new Set(ids.flat()).size).toBe(4);
    expect(ids.flat().every((id) => /^1763845200-\d{1,10}$/.test(id))).toBe(true);
  });

  it('does not know the call that it is asked to end', () => {
    expect(bench().exchange.hangup('1-1', 'normal-clearing', 0)).toBe(false);
  });
});

describe('a blind transfer', () => {
  const transferTo = (number: string) => ({ type: 'transfer', context: 'office', number }) as const;

  /** 202 talks to the centre's 123. */
  function talking() {
    const world = bench();
    const caller = world.call('7123');
    const callee = world.iax2.dialled[0]!;
    world.exchange.handleLegEvent(callee, { type: 'answered' }, 1000);
    return { ...world, caller, callee };
  }

  it('by the called party: the caller goes on with the number in the same call', () => {
    const { exchange, media, lines, caller, callee, records, expectEmpty } = talking();
    exchange.handleLegEvent(callee, transferTo('201'), 2000);
    expect(callee.told.slice(-2)).toEqual(['transfer done', 'hangup normal-clearing']);
    exchange.handleLegEvent(callee, hungUp('normal-clearing'), 2001);
    expect(caller.told).not.toContain('hangup normal-clearing');
    expect(lines.requests[0]).toMatchObject({ resource: '1', caller: { number: '202', name: 'Workshop' } });
    const third = lines.dialled[0]!;
    exchange.handleLegEvent(third, { type: 'ringing' }, 2500);
    expect(media.heardBy(caller.stream)).toBe('tone');
    exchange.handleLegEvent(third, { type: 'answered' }, 3000);
    expect([media.heardBy(caller.stream), media.heardBy(third.stream)]).toEqual([third.stream, caller.stream]);
    exchange.handleLegEvent(third, hungUp('normal-clearing'), 9000);
    expect(caller.last).toBe('hangup normal-clearing');
    exchange.handleLegEvent(caller, hungUp('normal-clearing'), 9001);
    const [record, ...more] = records();
    expect(more).toEqual([]);
    expect(record!.legs.map(({ channel, endedMs }) => [channel, endedMs])).toEqual([
      [caller.channel, 9001],
      [callee.channel, 2001],
      [third.channel, 9000],
    ]);
    expectEmpty();
  });

  it('by the caller: the called party goes on with the number in a call of its own', () => {
    const { exchange, media, lines, caller, callee, records, expectEmpty } = talking();
    exchange.handleLegEvent(caller, transferTo('201'), 2000);
    expect(caller.told.slice(-2)).toEqual(['transfer done', 'hangup normal-clearing']);
    exchange.handleLegEvent(caller, hungUp('normal-clearing'), 2001);
    expect(callee.told).toEqual([]);
    expect(lines.requests[0]).toMatchObject({ resource: '1', caller: { number: '7123' } });
    const third = lines.dialled[0]!;
    exchange.handleLegEvent(third, { type: 'answered' }, 3000);
    expect([media.heardBy(callee.stream), media.heardBy(third.stream)]).toEqual([third.stream, callee.stream]);
    expect(exchange.views()).toMatchObject([{ from: '7123', to: '201', state: 'talking' }]);
    exchange.handleLegEvent(callee, hungUp('normal-clearing'), 9000);
    expect(third.last).toBe('hangup normal-clearing');
    exchange.handleLegEvent(third, hungUp('normal-clearing'), 9001);
    const [first, second] = records();
    expect(first).toMatchObject({ endedMs: 2001, legs: [{ direction: 'in' }, { direction: 'out', endedMs: 2000 }] });
    expect(second).toMatchObject({ answeredMs: 2000, endedMs: 9001, legs: [{ startedMs: 2000 }, { endedMs: 9001 }] });
    expectEmpty();
  });

  it('to a number that does not exist, or of a call that nobody has answered, leaves all as it is', () => {
    const { exchange, call, caller, callee, iax2 } = talking();
    exchange.handleLegEvent(callee, transferTo('999'), 2000);
    expect(callee.last).toBe('transfer unallocated-number');
    const waiting = call('7124');
    exchange.handleLegEvent(iax2.dialled[1]!, transferTo('201'), 2000);
    exchange.handleLegEvent(waiting, transferTo('201'), 2000);
    expect([iax2.dialled[1]!.last, waiting.last]).toEqual(['transfer call-rejected', 'transfer call-rejected']);
    exchange.handleLegEvent(callee, { type: 'digit', digit: '5', durationMs: 90 }, 3000);
    expect(caller.last).toBe('digit 5 90');
  });

  it('by a party that a Local channel was dialled for moves the other end of that channel', () => {
    const { exchange, iax2, lines, call } = bench();
    const caller = call('305');
    const callee = iax2.dialled[0]!;
    exchange.handleLegEvent(callee, { type: 'answered' }, 1000);
    exchange.handleLegEvent(callee, transferTo('201'), 2000);
    exchange.handleLegEvent(callee, hungUp('normal-clearing'), 2001);
    exchange.handleLegEvent(lines.dialled[0]!, { type: 'answered' }, 3000);
    exchange.handleLegEvent(caller, { type: 'digit', digit: '5', durationMs: 90 }, 4000);
    expect(lines.dialled[0]!.last).toBe('digit 5 90');
  });
});

describe('an attended transfer by a far end that has a leg for each of its calls', () => {
  /** 202 talks to the centre's 123 and has asked 124 meanwhile, by another leg. */
  function talking() {
    const world = bench();
    const [first, second] = [world.call('7123'), world.call('7124')];
    const [party, expert] = world.iax2.dialled as [FakeLeg, FakeLeg];
    world.exchange.handleLegEvent(party, { type: 'answered' }, 1000);
    world.exchange.handleLegEvent(expert, { type: 'answered' }, 1500);
    const transfer = (nowMs: number) =>
      world.exchange.handleLegEvent(first, { type: 'transfer-to-leg', other: second.id }, nowMs);
    return { ...world, first, second, party, expert, transfer };
  }

  it('puts the two together in the second call, and lets both of its legs go', () => {
    const { exchange, media, first, second, party, expert, transfer, records, expectEmpty } = talking();
    transfer(2000);
    expect(first.told).toContain('transfer done');
    for (const leg of [first, second]) expect(leg.last).toBe('hangup normal-clearing');
    for (const leg of [first, second]) exchange.handleLegEvent(leg, hungUp('normal-clearing'), 2001);
    expect([media.heardBy(party.stream), media.heardBy(expert.stream)]).toEqual([expert.stream, party.stream]);
    expect(exchange.views()).toMatchObject([{ to: '7124', state: 'talking' }]);
    exchange.handleLegEvent(party, hungUp('normal-clearing'), 9000);
    expect(expert.last).toBe('hangup normal-clearing');
    exchange.handleLegEvent(expert, hungUp('normal-clearing'), 9001);
    expect(records()).toHaveLength(2);
    expectEmpty();
  });

  it('is refused where the other leg is none of a call, or in the same, and both go on', () => {
    const { exchange, first, party, second, expert } = talking();
    for (const other of ['nobody', party.id]) {
      exchange.handleLegEvent(first, { type: 'transfer-to-leg', other }, 2000);
      expect(first.last).toBe('transfer call-rejected');
    }
    exchange.handleLegEvent(second, { type: 'digit', digit: '5', durationMs: 90 }, 3000);
    expect(expert.last).toBe('digit 5 90');
  });
});
