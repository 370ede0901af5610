import { describe, expect, it } from 'vitest';
import { traceRoute } from '../../../src/dialplan/trace.ts';
import { load, testEnvironment } from './support.ts';

/** `7123@office:1 Dial(…): what`. */
function route(text: string, context: string, number: string, assume = {}): string[] {
  return traceRoute(load(text), context, number, testEnvironment(), assume).map(
    ({ location, application, args, outcome }) =>
      location === undefined
        ? outcome
        : `${location.exten}@${location.context}:${location.priority} ${application}(${args})${outcome === '' ? '' : `: ${outcome}`}`,
  );
}

const OFFICE = `[office]
exten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},20)
exten => _7XXX,1,Dial(IAX2/me:geheim@hq/\${EXTEN:1},30,r)
exten => _7XXX,2,Dial(SIP/backup/\${EXTEN:1},30,r)
exten => _7XXX,3,Congestion
exten => 8,1,Goto(menu,s,1)
exten => 5,1,Queue(x)
switch => IAX2/hq
[menu]
exten => s,1,Set(GLOBAL(G)=1)
same => n,WaitExten(5)
exten => 1,1,Hangup
`;

describe('a route', () => {
  it('lists whom each Dial would call, and goes on as if it had failed', () => {
    expect(route(OFFICE, 'office', '7123')).toEqual([
      '7123@office:1 Dial(IAX2/me:***@hq/123,30,r): calls IAX2/me:***@hq/123 for 30 s; taken as NOANSWER',
      '7123@office:2 Dial(SIP/backup/123,30,r): calls SIP/backup/123 for 30 s; taken as NOANSWER',
      '7123@office:3 Congestion()',
      'end: hung up, cause 34 (No circuit available)',
    ]);
  });

  it('assumes what it is told', () => {
    expect(route(OFFICE, 'office', '7123', { dialStatus: 'ANSWER' })).toEqual([
      '7123@office:1 Dial(IAX2/me:***@hq/123,30,r): calls IAX2/me:***@hq/123 for 30 s; taken as ANSWER',
      'end: hung up, cause 16 (Normal clearing)',
    ]);
  });

  it('shows the lines and phones of an extension', () => {
    expect(route(OFFICE, 'office', '201')[0]).toBe(
      '201@office:1 Dial(LINE/1&SIP/201,20): calls LINE/1, SIP/201 for 20 s; taken as NOANSWER',
    );
    expect(route(OFFICE, 'office', '299').at(-1)).toBe('end: no more priorities, cause 1 (Unallocated number)');
  });

  it('says what is not known here, and whom it would ask', () => {
    expect(route(OFFICE, 'office', '999')).toEqual([
      '999@office:1 switch(IAX2/hq): asks for 999; taken as unknown there',
      'end: no such extension, cause 3 (No route to destination)',
    ]);
    expect(route(OFFICE, 'office', '999', { exists: true })[1]).toBe(
      '999@office:1 Dial(IAX2/hq/999): calls IAX2/hq/999; taken as NOANSWER',
    );
  });

  it('says what is passed over', () => {
    expect(route(OFFICE, 'office', '5')[0]).toBe('5@office:1 Queue(x): not available in this version: passed over');
  });

  it('changes nothing', () => {
    const environment = testEnvironment();
    traceRoute(load(OFFICE), 'office', '8', environment);
    expect(environment.globals.size).toBe(0);
    expect(environment.printed).toEqual([]);
  });

  it('gives the line of the source', () => {
    expect(traceRoute(load(OFFICE), 'office', '7123', testEnvironment())[1]?.location?.line).toBe(4);
  });

  it('tells one round of a dialplan that runs in circles', () => {
    const lines = route('[a]\nexten => 1,1,Set(A=1)\nsame => n,NoOp\nsame => n,Goto(2)\n', 'a', '1');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['1@a:1', '1@a:2', '1@a:3', 'end:']);
    expect(lines.at(-1)).toMatch(/^end: the dialplan runs in circles/);
  });

  it('tells one round of a dialplan that waits in circles', () => {
    const lines = route('[a]\nexten => 1,1,Wait(1)\nsame => n,Goto(1)\n', 'a', '1');
    expect(lines).toHaveLength(3);
    expect(lines.at(-1)).toBe('and so on, round and round');
  });

  it('tells each round that differs from the one before', () => {
    const lines = route('[a]\nexten => 1,1,Set(A=$[0${A} + 1])\nsame => n,GotoIf($[${A} < 30]?1)\n', 'a', '1');
    expect(lines).toHaveLength(61);
  });

  it('stops in a dialplan that never does the same twice', () => {
    const lines = route('[a]\nexten => 1,1,Set(A=$[0${A} + 1])\nsame => n,Wait(1)\nsame => n,Goto(1)\n', 'a', '1');
    expect(lines).toHaveLength(501);
    expect(lines.at(-1)).toBe('stopped after 500 steps');
  });
});
