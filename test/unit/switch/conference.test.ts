import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { type Source, StreamIds } from '../../../src/base/media-port.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { NumberingPlan } from '../../../src/dialplan/numbering-plan.ts';
import { parseDialplan } from '../../../src/dialplan/parse.ts';
import { EmergencyPlan } from '../../../src/emergency/plan.ts';
import type { RoomSettings } from '../../../src/switch/conference.ts';
import { Switch, type SwitchOutput } from '../../../src/switch/switch.ts';
import { FakeLeg, hungUp, RecordingMedia, TONES } from './fakes.ts';

const DIALPLAN = `
[office]
exten => 600,1,ConfBridge(600)
exten => 600,2,Set(GLOBAL(RESULT)=\${CONFBRIDGE_RESULT})
exten => 601,1,ConfBridge(601)
exten => 602,1,ConfBridge(602)
exten => 603,1,ConfBridge(603)
exten => 610,1,MeetMe(610,w)
exten => 611,1,MeetMe(610,A)
exten => 612,1,MeetMe(610,wx)
exten => 613,1,MeetMe(610,mqp)
exten => 614,1,MeetMe(601,,1234)
exten => 615,1,MeetMe(610,t)
`;

const OPEN: RoomSettings = {
  isPin: undefined,
  isLeaderPin: undefined,
  maxMembers: 3,
  waitForLeader: false,
  announce: true,
  record: false,
};
const ROOMS = new Map<string, RoomSettings>([
  ['600', OPEN],
  ['601', { ...OPEN, isPin: (digits) => digits === '1234', isLeaderPin: (digits) => digits === '99' }],
  ['602', { ...OPEN, isLeaderPin: (digits) => digits === '99', waitForLeader: true }],
  ['603', { ...OPEN, record: true, announce: false }],
]);

let media: RecordingMedia;
let exchange: Switch;
let streams: StreamIds;
let globals: Map<string, string>;
let nowMs: number;
let callers: number;

beforeEach(() => {
  media = new RecordingMedia();
  streams = new StreamIds();
  globals = new Map();
  nowMs = 0;
  callers = 0;
  const { dialplan, problems } = parseDialplan(DIALPLAN);
  expect(problems).toEqual([]);
  exchange = new Switch({
    dialplan,
    environment: {
      clock: { nowMs: () => 1_763_845_200_000, utcOffsetMinutes: () => 0 },
      random: new SeededRandom(1),
      globals,
      devices: () => [],
      deviceState: () => 'NOT_INUSE',
      night: () => false,
    },
    media,
    streams,
    diallers: new Map(),
    tones: TONES,
    numbering: new NumberingPlan('fr'),
    others: { ask: () => false },
    emergency: new EmergencyPlan({ country: 'fr', numbers: [], townLines: [], via: [], otherTrunks: [], notify: [] }),
    conferences: ROOMS,
    wallClock: () => 1_763_845_200_000,
    log: silentLog,
  });
});

function call(number: string): FakeLeg {
  const leg = new FakeLeg(`caller-${++callers}`, streams.next());
  exchange.handleIncoming({ leg, context: 'office', number, caller: { number: '202', name: '' } }, nowMs);
  return leg;
}

function press(leg: FakeLeg, digits: string): void {
  for (const digit of digits) exchange.handleLegEvent(leg, { type: 'digit', digit, durationMs: 80 }, nowMs);
}

function run(ms: number): void {
  const endMs = nowMs + ms;
  for (let due = exchange.nextDeadline(); due !== undefined && due <= endMs; due = exchange.nextDeadline()) {
    nowMs = Math.max(nowMs, due);
    exchange.handleTimeout(nowMs);
  }
  nowMs = endMs;
}

function hangUp(...legs: FakeLeg[]): void {
  for (const leg of legs) exchange.handleLegEvent(leg, hungUp('normal-clearing'), nowMs);
}

function heard(leg: FakeLeg): Source {
  return media.hears.get(leg.stream)!;
}

function room(): Extract<Source, { kind: 'room' }>['room'] {
  return Number(/^(\d+)!/.exec(media.history.find((entry) => entry.includes('!'))!)![1]);
}

describe('a conference', () => {
  it('answers whoever calls it and puts them into one room; it is gone when the last one is', () => {
    const [a, b] = [call('600'), call('600')];
    expect(a.told).toEqual(['answer']);
    expect(heard(a)).toEqual({ kind: 'room', room: room(), says: true, hears: true, sayDb: 0, hearDb: 0 });
    expect(heard(b)).toEqual(heard(a));
    expect(exchange.conferenceViews()).toEqual([
      {
        number: '600',
        members: [
          { channel: 'caller-1', leader: true, muted: false },
          { channel: 'caller-2', leader: false, muted: false },
        ],
        locked: false,
        recording: false,
        sinceMs: 0,
      },
    ]);
    expect(exchange.views().map(({ state }) => state)).toEqual(['talking', 'talking']);
    hangUp(a);
    expect(exchange.conferenceViews()[0]!.members).toEqual([{ channel: 'caller-2', leader: true, muted: false }]);
    hangUp(b);
    expect(exchange.size).toBe(0);
    expect(exchange.nextDeadline()).toBeUndefined();
  });

  it('tells by a sound that somebody comes and goes, unless it shall not', () => {
    const [a, b] = [call('600'), call('600')];
    hangUp(a);
    expect(media.history.filter((entry) => entry.endsWith('!sound'))).toHaveLength(3);
    hangUp(b);
    expect(media.history.filter((entry) => entry.endsWith('!sound'))).toHaveLength(3);
    call('603');
    expect(media.history.filter((entry) => entry.endsWith('!sound'))).toHaveLength(4); // that it is recorded
  });

  it('takes no more members than it may have: congestion, then the dialplan goes on with FAILED', () => {
    const inside = [call('600'), call('600'), call('600')];
    const late = call('600');
    expect(heard(late)).toMatchObject({ kind: 'tone', pattern: TONES.congestion });
    run(3000);
    expect(globals.get('RESULT')).toBe('FAILED');
    expect(late.last).toBe('hangup call-rejected');
    hangUp(late, ...inside);
    expect(exchange.size).toBe(0);
  });

  it('cannot be entered by who has a codec that only can be carried', () => {
    const leg = new FakeLeg('video', streams.next());
    Object.assign(leg, { codec: 'gsm' });
    exchange.handleIncoming({ leg, context: 'office', number: '600', caller: { number: '', name: '' } }, 0);
    expect(globals.get('RESULT')).toBe('FAILED');
    expect(leg.last).toBe('hangup bearer-unavailable');
  });
});

describe('the PIN of a conference', () => {
  it('opens it as soon as it is complete', () => {
    const a = call('601');
    expect(heard(a).kind).toBe('tone');
    press(a, '123');
    expect(heard(a).kind).toBe('tone');
    press(a, '4');
    expect(heard(a).kind).toBe('room');
    expect(exchange.conferenceViews()[0]!.members).toMatchObject([{ leader: false }]);
  });

  it('of the leader makes a leader', () => {
    const a = call('601');
    press(a, '99');
    expect(exchange.conferenceViews()[0]!.members).toMatchObject([{ leader: true }]);
  });

  it('may be wrong three times, ended by # or by a pause', () => {
    const a = call('601');
    press(a, '1111#');
    press(a, '2222');
    run(4000);
    press(a, '1234');
    expect(heard(a).kind).toBe('room');
    const b = call('601');
    press(b, '1#2#3#');
    expect(heard(b)).toMatchObject({ pattern: TONES.congestion });
    press(b, '1234');
    run(2000);
    expect(b.last).toBe('hangup call-rejected');
  });

  it('may be given by the dialplan', () => {
    expect(heard(call('614')).kind).toBe('room');
  });

  it('is not asked of others where only the leader has one: # comes in', () => {
    const a = call('602');
    press(a, '#');
    expect(exchange.conferenceViews()[0]!.members).toMatchObject([{ leader: false }]);
  });
});

describe('a conference that waits for its leader', () => {
  it('lets nobody hear anybody before, and brings all together then', () => {
    const [a, b] = [call('610'), call('610')];
    expect([heard(a).kind, heard(b).kind]).toEqual(['tone', 'tone']);
    const leader = call('611');
    expect([a, b, leader].map((leg) => heard(leg).kind)).toEqual(['room', 'room', 'room']);
    hangUp(leader);
    expect([heard(a).kind, heard(b).kind]).toEqual(['tone', 'tone']);
    hangUp(a, b);
    expect(exchange.size).toBe(0);
  });

  it('ends with the leader for those that shall go then', () => {
    const a = call('612');
    const leader = call('611');
    expect(heard(a).kind).toBe('room');
    hangUp(leader);
    run(1);
    expect(a.last).toBe('hangup normal-clearing');
    hangUp(a);
    expect(exchange.size).toBe(0);
  });
});

describe('a member of a conference', () => {
  it('mutes itself with *1, is told so, and speaks again with *1', () => {
    const a = call('600');
    press(a, '*1');
    expect(heard(a).kind).toBe('tone');
    run(500);
    expect(heard(a)).toMatchObject({ kind: 'room', says: false, hears: true });
    expect(exchange.conferenceViews()[0]!.members).toMatchObject([{ muted: true }]);
    press(a, '*1');
    run(500);
    expect(heard(a)).toMatchObject({ says: true });
  });

  it('is louder with *9, softer with *7, and hears louder with *6, softer with *4, within limits', () => {
    const a = call('600');
    press(a, '*9*9*7*4');
    run(500);
    expect(heard(a)).toMatchObject({ sayDb: 3, hearDb: -3 });
    press(a, '*6*6*6*6*6*6*6*6');
    run(500);
    expect(heard(a)).toMatchObject({ hearDb: 12 });
  });

  it('leaves with *8: the dialplan goes on', () => {
    const a = call('600');
    press(a, '*8');
    expect(globals.get('RESULT')).toBe('DTMF');
    expect(a.last).toBe('hangup normal-clearing');
    expect(heard(a).kind).toBe('nothing');
  });

  it('may begin an order and think better of it', () => {
    const a = call('600');
    press(a, '*');
    run(5000);
    press(a, '1');
    expect(heard(a)).toMatchObject({ kind: 'room', says: true });
  });

  it('locks the room with *2 and sends the last one away with *3 if it leads, and only then', () => {
    const [leader, other] = [call('600'), call('600')];
    press(other, '*2');
    expect(exchange.conferenceViews()[0]!.locked).toBe(false);
    press(leader, '*2');
    expect(exchange.conferenceViews()[0]!.locked).toBe(true);
    const late = call('600');
    expect(heard(late)).toMatchObject({ pattern: TONES.congestion });
    hangUp(late);
    press(other, '*3');
    press(leader, '*3');
    run(1);
    expect(globals.get('RESULT')).toBe('KICKED');
    expect(other.last).toBe('hangup normal-clearing');
    press(leader, '*2');
    expect(heard(call('600')).kind).toBe('room');
  });

  it('has the room recorded with *5 if it leads; a room may also be recorded from its beginning to its end', () => {
    const a = call('600');
    press(a, '*5*5');
    expect(media.history.filter((entry) => entry.includes('record'))).toEqual([
      `${room()}!record true`,
      `${room()}!record false`,
    ]);
    const b = call('603');
    expect(exchange.conferenceViews()[1]!.recording).toBe(true);
    expect(media.history.at(-1)).toMatch(/record true$/);
    hangUp(b);
    expect(
      media.history.some((entry, i) => i > 0 && entry.endsWith('record false') && !entry.startsWith(`${room()}!`)),
    ).toBe(true);
  });

  it('is out of the room while it holds', () => {
    const a = call('600');
    exchange.handleLegEvent(a, { type: 'hold' }, 0);
    expect(heard(a)).toMatchObject({ kind: 'room', says: false });
    exchange.handleLegEvent(a, { type: 'unhold' }, 0);
    expect(heard(a)).toMatchObject({ says: true });
  });

  it('comes muted, without a sound, and leaves with # where MeetMe says so; or hears nothing', () => {
    const leader = call('611');
    const before = media.history.length;
    const a = call('613');
    expect(heard(a)).toMatchObject({ kind: 'room', says: false });
    press(a, '#');
    expect(a.last).toBe('hangup normal-clearing');
    expect(media.history.slice(before).filter((entry) => entry.endsWith('!sound'))).toEqual([]);
    expect(heard(call('615'))).toMatchObject({ hears: false });
    expect(exchange.conferenceNumber(room())).toBe('610');
    hangUp(leader);
  });
});

it('tells of a conference as of calls that talk, and of their end', () => {
  const a = call('600');
  press(a, '*8');
  hangUp(a);
  const outputs: SwitchOutput[] = [];
  for (let output = exchange.poll(); output !== undefined; output = exchange.poll()) outputs.push(output);
  expect(outputs.flatMap((it) => (it.type === 'call' ? [`${it.change} ${it.view.state}`] : []))).toEqual([
    'started dialling',
    'changed talking',
    'changed ending',
    'ended ending',
  ]);
});
