import { describe, expect, it } from 'vitest';
import type { Cause } from '../../../src/base/causes.ts';
import { StreamIds } from '../../../src/base/media-port.ts';
import { Dial, type DialOrder } from '../../../src/switch/dial.ts';
import type { Technology } from '../../../src/switch/leg.ts';
import { Patchbay } from '../../../src/switch/patchbay.ts';
import { FakeDialler, FakeLeg, hungUp, RecordingMedia } from './fakes.ts';

function dial(
  resources: readonly string[],
  options: Partial<DialOrder> = {},
  failing: Readonly<Record<string, Cause>> = {},
) {
  const media = new RecordingMedia();
  const patchbay = new Patchbay(media);
  const caller = new FakeLeg('caller', 100);
  const dialler = new FakeDialler(failing);
  const order: DialOrder = {
    targets: resources.map((resource) => ({ technology: 'line', resource })),
    timeoutMs: 20_000,
    ringAtOnce: false,
    goOn: false,
    ...options,
  };
  const activity = new Dial(order, {
    caller: {
      leg: caller,
      dialClass: undefined,
      sentBy: undefined,
      patchbay,
      indicate: (progress) => caller.indicate(progress),
      answer: () => caller.answer(),
      touch: () => {},
    },
    party: { number: '201', name: 'Front desk' },
    diallers: new Map<Technology, FakeDialler>([
      ['line', dialler],
      ['local', dialler],
    ]),
    streams: new StreamIds(),
    adopt: () => {},
    mayDial: () => true,
    mayForward: ({ number }) => number.startsWith('2'),
  });
  activity.start(0);
  const [first, second] = dialler.dialled;
  return { activity, caller, first: first!, second: second!, dialler, media };
}

describe('Dial', () => {
  it('joins the caller to the target that answers, and ends when that one hangs up', () => {
    const { activity, caller, first, media, dialler } = dial(['1']);
    expect(dialler.requests[0]).toMatchObject({
      technology: 'line',
      resource: '1',
      caller: { number: '201', name: 'Front desk' },
    });
    activity.handleLegEvent(first, { type: 'ringing' }, 100);
    activity.handleLegEvent(first, { type: 'answered' }, 4000);
    expect(caller.told).toEqual(['ringing', 'answer']);
    expect([media.heardBy(100), media.heardBy(first.stream)]).toEqual([first.stream, 100]);
    expect(activity.nextDeadline()).toBeUndefined();
    activity.handleLegEvent(first, hungUp('normal-clearing'), 60_000);
    expect(activity.result).toEqual({
      dialStatus: 'ANSWER',
      cause: 'normal-clearing',
      hangup: 'normal-clearing',
      dialedTimeS: 60,
      answeredTimeS: 56,
      peerChannel: 'line/1',
    });
    expect(media.heardBy(100)).toBe('nothing');
  });

  it('goes on in the dialplan after the talk with option g', () => {
    const { activity, first } = dial(['1'], { goOn: true });
    activity.handleLegEvent(first, { type: 'answered' }, 1);
    activity.handleLegEvent(first, hungUp('normal-clearing'), 2);
    expect(activity.result).toMatchObject({ dialStatus: 'ANSWER', cause: 'normal-clearing' });
    expect(activity.result?.hangup).toBeUndefined();
  });

  it('calls all targets at once and drops the others when one answers', () => {
    const { activity, first, second, media } = dial(['1', '2']);
    activity.handleLegEvent(second, { type: 'answered' }, 10);
    expect(first.told).toEqual(['hangup answered-elsewhere']);
    expect(media.heardBy(100)).toBe(second.stream);
    activity.handleLegEvent(first, hungUp('normal-clearing'), 11);
    activity.handleLegEvent(first, { type: 'digit', digit: '5', durationMs: 80 }, 12);
    expect(activity.result).toBeUndefined();
    expect(second.told).toEqual([]);
  });

  it('gives NOANSWER and cause 19 when the time is over', () => {
    const { activity, first } = dial(['1']);
    activity.handleTimeout(19_999);
    expect(activity.result).toBeUndefined();
    activity.handleTimeout(20_000);
    expect(first.told).toEqual(['hangup no-answer']);
    expect(activity.result).toEqual({ dialStatus: 'NOANSWER', cause: 'no-answer', dialedTimeS: 20 });
  });

  it.each([
    [['user-busy'], 'BUSY', 'user-busy'],
    [['no-user-response', 'user-busy'], 'BUSY', 'user-busy'],
    [['destination-out-of-order', 'no-circuit'], 'CONGESTION', 'no-circuit'],
    [['temporary-failure'], 'CHANUNAVAIL', 'temporary-failure'],
    [['destination-out-of-order', 'no-answer'], 'CHANUNAVAIL', 'destination-out-of-order'],
    [['normal-clearing'], 'NOANSWER', 'normal-clearing'],
    [['bearer-unavailable'], 'CHANUNAVAIL', 'bearer-unavailable'],
  ] as const)('makes of the failures %j the status %s', (causes, dialStatus, cause) => {
    const { activity, dialler } = dial(causes.map((_, index) => String(index)));
    causes.forEach((one, index) => {
      expect(activity.result).toBeUndefined();
      activity.handleLegEvent(dialler.dialled[index]!, hungUp(one), index);
    });
    expect(activity.result).toMatchObject({ dialStatus, cause });
  });

  it('fails at once where the only target is known to be dead', () => {
    const { activity } = dial(['dead'], {}, { dead: 'destination-out-of-order' });
    expect(activity.result).toMatchObject({ dialStatus: 'CHANUNAVAIL', cause: 'destination-out-of-order' });
  });

  it('gives CHANUNAVAIL and cause 1 for an empty dial string', () => {
    const { activity } = dial([]);
    expect(activity.result).toMatchObject({ dialStatus: 'CHANUNAVAIL', cause: 'unallocated-number' });
  });

  it('tells the caller of ringing at once with option r, and not twice', () => {
    const { activity, caller, first } = dial(['1'], { ringAtOnce: true });
    activity.handleLegEvent(first, { type: 'ringing' }, 1);
    activity.handleLegEvent(first, { type: 'proceeding' }, 2);
    expect(caller.told).toEqual(['ringing']);
  });

  it('lets the caller hear early media of a single target', () => {
    const { activity, caller, first, media } = dial(['1']);
    activity.handleLegEvent(first, { type: 'progress' }, 1);
    expect(caller.told).toEqual(['progress']);
    expect(media.heardBy(100)).toBe(first.stream);
    activity.handleLegEvent(caller, { type: 'digit', digit: '3', durationMs: 90 }, 2);
    expect(first.told).toEqual(['digit 3 90']);
  });

  it('lets the caller hear no early media where several targets could make it', () => {
    const { activity, caller, first } = dial(['1', '2']);
    activity.handleLegEvent(first, { type: 'progress' }, 1);
    expect(caller.told).toEqual([]);
  });

  it('carries digits, hold, flash and text from either side to the other', () => {
    const { activity, caller, first } = dial(['1']);
    activity.handleLegEvent(first, { type: 'answered' }, 1);
    activity.handleLegEvent(caller, { type: 'digit', digit: '#', durationMs: 120 }, 2);
    activity.handleLegEvent(caller, { type: 'flash' }, 3);
    activity.handleLegEvent(first, { type: 'hold' }, 4);
    expect(activity.held).toBe(true);
    activity.handleLegEvent(first, { type: 'unhold' }, 5);
    expect(activity.held).toBe(false);
    activity.handleLegEvent(first, { type: 'text', text: 'hello' }, 6);
    const signal = { technology: 'iax2', kind: 'control', code: 12, payload: new Uint8Array() } as const;
    activity.handleLegEvent(first, { type: 'signal', signal }, 7);
    expect(first.told).toEqual(['digit # 120', 'flash']);
    expect(caller.told).toEqual(['answer', 'hold', 'unhold', 'text hello', 'signal iax2 control 12']);
  });

  it('tells the sender of what the other party cannot be told, where that has a word for it', () => {
    const { activity, caller, first } = dial(['1']);
    activity.handleLegEvent(first, { type: 'answered' }, 1);
    const nothing = new Uint8Array();
    const refusal = { technology: 'iax2', kind: 'html', code: 17, payload: nothing } as const;
    const signal = { technology: 'iax2', kind: 'html', code: 1, payload: nothing, refusal } as const;
    activity.handleLegEvent(first, { type: 'signal', signal }, 2);
    expect([caller.last, first.last]).toEqual(['signal iax2 html 1', 'signal iax2 html 17']);
  });

  it('hangs up everything when the caller goes while targets ring', () => {
    const { activity, first, second } = dial(['1', '2']);
    activity.abort('normal-clearing', 5);
    expect([first.last, second.last]).toEqual(['hangup normal-clearing', 'hangup normal-clearing']);
    expect(activity.result).toEqual({ dialStatus: 'CANCEL', cause: 'normal-clearing' });
  });

  it('hangs up the other party when the caller goes while they talk', () => {
    const { activity, first } = dial(['1']);
    activity.handleLegEvent(first, { type: 'answered' }, 1);
    activity.abort('normal-clearing', 5);
    expect(first.told).toEqual(['hangup normal-clearing']);
  });

  it('ends the talk at its limit', () => {
    const { activity, first } = dial(['1'], { talkLimitMs: 1000 });
    activity.handleLegEvent(first, { type: 'answered' }, 500);
    expect(activity.nextDeadline()).toBe(1500);
    activity.handleTimeout(1500);
    expect(first.told).toEqual(['hangup normal-clearing']);
    expect(activity.result).toMatchObject({ dialStatus: 'ANSWER', hangup: 'normal-clearing' });
  });

  it('sends its digits to the party that answers', () => {
    const { activity, first } = dial(['1'], { digitsWhenAnswered: '12' });
    activity.handleLegEvent(first, { type: 'answered' }, 500);
    expect(first.told).toEqual(['digit 1 100', 'digit 2 100']);
  });

  describe('of somebody who is elsewhere', () => {
    const elsewhere = (...numbers: string[]) => ({ type: 'forward', context: 'office', numbers, by: '211' }) as const;

    it('calls the first number that there is by a Local channel, and does not count the refusal [RFC3261 §8.1.3.4]', () => {
      const { activity, first, dialler } = dial(['1']);
      first.dialClass = 'national';
      activity.handleLegEvent(first, elsewhere('999', '212', '213'), 1);
      activity.handleLegEvent(first, hungUp('interworking'), 1);
      expect(dialler.requests[1]).toMatchObject({
        technology: 'local',
        resource: '212@office',
        caller: { number: '201', redirecting: '211' },
        dialClass: 'national',
        forwards: 1,
      });
      activity.handleLegEvent(dialler.dialled[1]!, hungUp('no-answer'), 2);
      expect(activity.result).toMatchObject({ dialStatus: 'NOANSWER', cause: 'no-answer' });
    });

    it('fails where there is no such number', () => {
      const { activity, first, dialler } = dial(['1']);
      activity.handleLegEvent(first, elsewhere('999'), 1);
      activity.handleLegEvent(first, hungUp('interworking'), 1);
      expect(dialler.requests.length).toBe(1);
      expect(activity.result).toMatchObject({ dialStatus: 'CHANUNAVAIL' });
    });

    it('gives up after five who are elsewhere', () => {
      const { activity, caller, first, dialler } = dial(['1']);
      caller.forwards = 5;
      activity.handleLegEvent(first, elsewhere('212'), 1);
      expect(dialler.requests.length).toBe(1);
    });

    it('goes nowhere with an emergency call', () => {
      const { activity, first, dialler } = dial(['1'], { emergency: { insist: false } });
      activity.handleLegEvent(first, elsewhere('212'), 1);
      expect(dialler.requests.length).toBe(1);
    });
  });
});
