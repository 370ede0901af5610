import { describe, expect, it } from 'vitest';
import type { Leg } from '../../../src/switch/leg.ts';
import { LineBench } from './line-bench.ts';

function dialled(bench: LineBench, resource: string): Leg {
  const leg = bench.dial(resource);
  if ('failed' in leg) throw new Error(leg.reason);
  return leg;
}

describe('LineLegs, a call from a line', () => {
  it('hears dial tone, then silence, and becomes a call of its context and extension', () => {
    const bench = new LineBench();
    bench.hook(1, 'off');
    expect(bench.heard(1)).toBe('dial');
    bench.digit(1, '2');
    expect(bench.heard(1)).toBe('nothing');
    bench.digit(1, '0');
    bench.digit(1, '2');
    expect(bench.lastCall).toMatchObject({
      context: 'office',
      number: '202',
      caller: { number: '201', name: 'Front desk' },
      leg: { channel: 'LINE/1', technology: 'line', stream: bench.streamOf(1) },
    });
    bench.hook(1, 'on');
    expect(bench.media.streams.size).toBe(0);
  });

  it('takes rotary digits, and speaks no digit into the call that they make', () => {
    const bench = new LineBench();
    bench.hook(1, 'off');
    for (const breaks of [2, 10, 2]) bench.line(1, { type: 'pulses', breaks });
    expect(bench.lastCall?.number).toBe('202');
    expect(bench.eventsOf(bench.lastCall!.leg)).toEqual([]);
  });

  it('hears ringback, and what it is patched to once it was answered', () => {
    const bench = new LineBench();
    const leg = bench.callFrom(1, '202');
    leg.indicate('ringing', bench.nowMs);
    expect(bench.heard(1)).toBe('ringback');
    leg.answer(bench.nowMs);
    expect(bench.heard(1)).toBe('nothing');
    bench.media.hear(leg.stream, { kind: 'stream', stream: 99 });
    leg.hold(bench.nowMs);
    leg.unhold(bench.nowMs);
    expect(bench.heard(1)).toBe('stream 99');
  });

  it('keeps what it was patched to when it is answered after early media', () => {
    const bench = new LineBench();
    const leg = bench.callFrom(1, '202');
    leg.indicate('progress', bench.nowMs);
    bench.media.hear(leg.stream, { kind: 'stream', stream: 99 });
    leg.answer(bench.nowMs);
    expect(bench.heard(1)).toBe('stream 99');
  });

  it('hears the tone of the cause on another stream once the switch has ended it', () => {
    const bench = new LineBench();
    const leg = bench.callFrom(1, '202');
    leg.hangup('user-busy', bench.nowMs);
    bench.media.hear(leg.stream, { kind: 'nothing' });
    expect(bench.streamOf(1)).not.toBe(leg.stream);
    expect(bench.heard(1)).toBe('busy');
    expect(bench.eventsOf(leg)).toMatchObject([{ type: 'hangup', cause: 'user-busy' }]);
    bench.hook(1, 'on');
    expect(bench.media.streams.size).toBe(0);
    expect(bench.lines.nextDeadline()).toBeUndefined();
  });

  it('tells a flash, and lays digits of the other end over what the handset hears', () => {
    const bench = new LineBench();
    const leg = bench.callFrom(1, '202');
    leg.answer(bench.nowMs);
    bench.line(1, { type: 'flash', ms: 250 });
    expect(bench.eventsOf(leg)).toEqual([{ type: 'flash' }]);
    leg.sendDigit('5', 120, bench.nowMs);
    expect(bench.media.digits).toEqual([{ stream: leg.stream, digit: '5', durationMs: 120 }]);
  });

  it('has no leg for a number that cannot be', () => {
    const bench = new LineBench();
    bench.hook(1, 'off');
    bench.digit(1, '9');
    expect(bench.lastCall).toBeUndefined();
    expect(bench.heard(1)).toBe('congestion');
  });

  it('says so when the handset was left beside the phone', () => {
    const bench = new LineBench();
    bench.hook(1, 'off');
    bench.take();
    bench.advance(16_000 + 30_000 + 30_000);
    expect(bench.take()).toContainEqual({ type: 'abandoned', port: 1 });
    expect(bench.lines.statuses().get(1)).toMatchObject({ state: 'lockout', hook: 'off' });
  });
});

describe('LineLegs, a call to a line', () => {
  it('rings in a distinctive cadence where it is dialled so', () => {
    const bench = new LineBench();
    const leg = bench.dial('1r4');
    expect(leg).not.toHaveProperty('failed');
    expect(bench.commands(1)).toMatchObject([{ type: 'ring', cadence: [300, 200, 1000, 200, 300, 4000] }]);
    expect(bench.dial('1r5')).toMatchObject({ failed: 'no-route' });
  });

  it('rings with the number of the caller, on the stream of the request', () => {
    const bench = new LineBench();
    const leg = dialled(bench, '1');
    expect(bench.commands(1)).toEqual([
      { type: 'ring', cadence: [1500, 3500], callerId: { number: '7123', name: 'Head office' } },
    ]);
    expect(bench.streamOf(1)).toBe(leg.stream);
    expect(bench.eventsOf(leg)).toEqual([{ type: 'ringing' }]);
    bench.hook(1, 'off');
    expect(bench.eventsOf(leg)).toEqual([{ type: 'ringing' }, { type: 'answered' }]);
  });

  it.each([
    ['9', 'no-route', 'There is no line 9.'],
    ['', 'no-route', 'There is no line .'],
    ['1x', 'no-route', 'There is no line 1x.'],
  ])('fails at once for line %s', (resource, failed, reason) => {
    expect(new LineBench().dial(resource)).toEqual({ failed, reason });
  });

  it('is busy for a line in use, ringing or off the hook', () => {
    const bench = new LineBench();
    bench.hook(1, 'off');
    expect(bench.dial('1')).toMatchObject({ failed: 'user-busy' });
    const leg = dialled(bench, '2');
    expect(bench.dial('2')).toMatchObject({ failed: 'user-busy' });
    expect(bench.eventsOf(leg)).toEqual([{ type: 'ringing' }]);
  });

  it('plays no digit into a phone that rings', () => {
    const bench = new LineBench();
    dialled(bench, '1').sendDigit('5', 100, bench.nowMs);
    expect(bench.media.digits).toEqual([]);
  });

  it('interrupts the loop when the caller has gone, and not while it only rings', () => {
    const bench = new LineBench();
    const first = dialled(bench, '1');
    first.hangup('no-answer', bench.nowMs);
    expect(bench.commands(1).map((command) => command.type)).toEqual(['ring', 'ring-stop']);
    const second = dialled(bench, '1');
    bench.hook(1, 'off');
    bench.take();
    second.hangup('normal-clearing', bench.nowMs);
    expect(bench.commands(1)).toEqual([{ type: 'cpc', ms: 500 }]);
  });
});

describe('LineLegs and the HAT', () => {
  it('serves the lines that the HAT has: sound, settings, service', () => {
    const bench = new LineBench();
    bench.lines.handleHat({ type: 'lost', reason: 'It does not answer.' }, bench.nowMs);
    expect(bench.lines.statuses().get(2)?.state).toBe('out-of-service');
    bench.take();
    bench.hello([1]);
    const outputs = bench.take();
    expect(outputs).toContainEqual({ type: 'hat', command: { type: 'audio', ports: [1], law: 'alaw' } });
    expect(bench.lines.statuses().get(1)?.state).toBe('idle');
    expect(bench.lines.statuses().get(2)?.state).toBe('out-of-service');
    expect(bench.dial('2')).toMatchObject({ failed: 'destination-out-of-order' });
  });

  it('ends the calls of a HAT that was lost', () => {
    const bench = new LineBench();
    const leg = dialled(bench, '1');
    bench.hook(1, 'off');
    bench.lines.handleHat({ type: 'lost', reason: 'It does not answer.' }, bench.nowMs);
    expect(bench.eventsOf(leg).at(-1)).toMatchObject({ type: 'hangup', cause: 'destination-out-of-order' });
    expect(bench.media.streams.size).toBe(0);
  });

  it('ignores lines and streams that are not its own', () => {
    const bench = new LineBench();
    bench.hook(7, 'off');
    bench.lines.handleMedia({ type: 'digit-begin', stream: 12_345, digit: '1' }, bench.nowMs);
    bench.lines.handleMedia({ type: 'no-format', stream: 1 }, bench.nowMs);
    expect(bench.take()).toEqual([]);
  });

  it('says each change of a line once, with hook, state and since when', () => {
    const bench = new LineBench();
    bench.nowMs = 5000;
    bench.hook(1, 'off');
    bench.hook(1, 'off');
    const changes = bench.take().filter((output) => output.type === 'line');
    expect(changes).toEqual([
      {
        type: 'line',
        port: 1,
        status: {
          kind: 'fxs',
          hook: 'off',
          state: 'dial-tone',
          extension: '201',
          name: 'Front desk',
          since: 1_750_000_005_000,
        },
      },
    ]);
    expect(bench.lines.statuses().get(1)).toEqual(changes[0]?.type === 'line' && changes[0].status);
  });

  it('stutters the dial tone of a line with messages', () => {
    const bench = new LineBench();
    bench.lines.setStutter(1, true);
    bench.hook(1, 'off');
    bench.hook(2, 'off');
    expect([bench.heard(1), bench.heard(2)]).toEqual(['stutterDial', 'dial']);
  });
});

describe('LineLegs, a telephone whose lamp is lit by data', () => {
  function told() {
    const bench = new LineBench({ lamp: 'fsk' });
    bench.lines.setMessages(1, true, bench.nowMs);
    bench.advance(1_100);
    const { signals, streams } = bench.media;
    expect(signals.map(({ stream }) => stream)).toEqual([bench.streamOf(1)]);
    return { bench, signals, streams };
  }

  it('is told over a stream that is there for so long', () => {
    const { bench, streams } = told();
    bench.advance(5_000);
    expect(streams.size).toBe(0);
    expect(bench.lines.nextDeadline()).toBeUndefined();
  });

  it('hears dial tone at once when its handset is lifted meanwhile', () => {
    const { bench, signals } = told();
    bench.hook(1, 'off');
    expect(signals.at(-1)?.steps).toEqual([]);
    expect(bench.heard(1)).toBe('dial');
  });

  it('is rung at once by a call that comes meanwhile', () => {
    const { bench, streams } = told();
    const leg = bench.dial('1');
    expect('id' in leg && [...streams.keys()]).toEqual(['stream' in leg && leg.stream]);
    expect(bench.commands(1).map(({ type }) => type)).toEqual(['ring']);
  });
});

describe('LineLegs, a line with a fault', () => {
  it.each(['short', 'over-temperature'] as const)('ends its call and takes none while it has the fault %s', (fault) => {
    const bench = new LineBench();
    const leg = bench.callFrom(1, '202');
    bench.line(1, { type: 'fault', fault });
    expect(bench.eventsOf(leg)).toMatchObject([{ type: 'hangup', cause: 'destination-out-of-order' }]);
    expect(bench.dial('1')).toMatchObject({ failed: 'destination-out-of-order' });
    expect(bench.lines.statuses().get(1)).toMatchObject({ state: 'out-of-service', fault });
    bench.hook(1, 'on');
    bench.line(1, { type: 'fault', fault: undefined });
    expect(bench.lines.statuses().get(1)).toMatchObject({ state: 'idle' });
    expect(bench.lines.statuses().get(1)).not.toHaveProperty('fault');
    expect(bench.dial('1')).not.toHaveProperty('failed');
  });

  it('goes on with a wire at earth, and says so', () => {
    const bench = new LineBench();
    bench.line(1, { type: 'fault', fault: 'ground' });
    bench.hook(1, 'off');
    expect(bench.heard(1)).toBe('dial');
    expect(bench.lines.statuses().get(1)).toMatchObject({ state: 'dial-tone', fault: 'ground' });
  });

  it('tells each fault and its end once', () => {
    const bench = new LineBench();
    for (const fault of ['ground', 'ground', undefined, undefined] as const) bench.line(1, { type: 'fault', fault });
    expect(bench.take().filter(({ type }) => type === 'fault')).toEqual([
      { type: 'fault', port: 1, fault: 'ground' },
      { type: 'fault', port: 1, fault: undefined },
    ]);
  });

  it('waits for the HAT to tell its faults anew after a reset', () => {
    const bench = new LineBench();
    bench.line(1, { type: 'fault', fault: 'short' });
    bench.hello();
    expect(bench.lines.statuses().get(1)).toMatchObject({ state: 'idle' });
    expect(bench.lines.statuses().get(1)).not.toHaveProperty('fault');
  });
});
