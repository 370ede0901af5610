import { describe, expect, it } from 'vitest';
import { LegHistory } from '../../../src/switch/call-record.ts';
import { FakeLeg, hungUp } from './fakes.ts';

describe('LegHistory', () => {
  it('has each leg with its direction, its times and its own cause, in the order of their beginning', () => {
    const history = new LegHistory();
    const caller = new FakeLeg('LINE/1', 1);
    const callee = new FakeLeg('IAX2/hq', 2, 'iax2');
    history.begin(caller, 'in', 100);
    history.begin(callee, 'out', 200);
    history.handleLegEvent(callee, { type: 'ringing' }, 300);
    history.handleLegEvent(callee, { type: 'answered' }, 400);
    history.noteAnswer(caller, 400);
    history.noteAnswer(caller, 500);
    history.handleLegEvent(callee, hungUp('user-busy'), 900);
    history.handleLegEvent(callee, hungUp('normal-clearing'), 950);
    expect(history.records(1000, 'normal-clearing')).toEqual([
      {
        technology: 'line',
        channel: 'LINE/1',
        stream: 1,
        direction: 'in',
        startedMs: 100,
        answeredMs: 400,
        endedMs: 1000,
        cause: 'normal-clearing',
      },
      {
        technology: 'iax2',
        channel: 'IAX2/hq',
        stream: 2,
        direction: 'out',
        startedMs: 200,
        answeredMs: 400,
        endedMs: 900,
        cause: 'user-busy',
      },
    ]);
  });

  it('knows nothing of legs of other calls', () => {
    const history = new LegHistory();
    const stranger = new FakeLeg('LINE/9', 9);
    history.noteAnswer(stranger, 1);
    history.handleLegEvent(stranger, hungUp('normal-clearing'), 2);
    expect(history.records(3, 'normal-clearing')).toEqual([]);
  });
});
