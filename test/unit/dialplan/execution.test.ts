import { describe, expect, it } from 'vitest';
import { Execution } from '../../../src/dialplan/execution.ts';
import { parseDialplan } from '../../../src/dialplan/parse.ts';
import { FLOW_DIALPLAN, FLOWS } from './asterisk-flows.ts';
import { load, run, testEnvironment } from './support.ts';

/** What Verbose and the like printed while a number ran. */
function printed(
  text: string,
  answers: Parameters<typeof run>[2] = [],
  start: Parameters<typeof run>[1] = {},
): string[] {
  const environment = testEnvironment();
  run(text, start, answers, environment);
  return environment.printed.filter((line) => line.startsWith('info: ')).map((line) => line.slice(6));
}

describe('an execution', () => {
  // Every path was taken from a running Asterisk 22, extension h at the end included.
  it.each(FLOWS)('of %s goes the way that Asterisk goes', (number, expected) => {
    const { dialplan } = parseDialplan(FLOW_DIALPLAN);
    const path: string[] = [];
    const start = { context: 'flow', exten: number, priority: 1 };
    const execution = new Execution(dialplan, start, testEnvironment(), ({ location: it, application, data }) =>
      path.push(`${it.exten}@${it.context}:${it.priority}:${application}(${data})`),
    );
    for (let step = execution.next(); step.type === 'perform'; step = execution.next()) execution.resume({});
    execution.hangup();
    for (let step = execution.next(); step.type === 'perform'; step = execution.next()) execution.resume({});
    expect(path.join(' ')).toBe(expected);
  });

  it('gives the same step until it is told what came of it', () => {
    const execution = new Execution(
      load('[a]\nexten => 1,1,Wait(1)\n'),
      { context: 'a', exten: '1', priority: 1 },
      testEnvironment(),
    );
    const step = execution.next();
    expect(step).toEqual({
      type: 'perform',
      action: { type: 'wait', ms: 1000 },
      location: { context: 'a', exten: '1', priority: 1, line: 2 },
    });
    expect(execution.next()).toBe(step);
    execution.resume({});
    expect(execution.next()).toEqual({ type: 'end', reason: 'finished' });
    execution.resume({});
    expect(execution.next()).toEqual({ type: 'end', reason: 'finished' });
  });

  it('is over for a number that does not exist, with cause 3', () => {
    expect(run('[a]\nexten => 2,1,NoOp\n', {}).end).toEqual({ reason: 'no-extension', cause: 'no-route' });
  });

  it('goes to i with a number that does not exist', () => {
    expect(printed('[a]\nexten => i,1,Verbose(${INVALID_EXTEN} ${EXTEN})\n', [], { exten: '77' })).toEqual(['77 i']);
  });
});

describe('Dial', () => {
  const seven = `[a]
exten => _7XXX,1,Dial(IAX2/hq/\${EXTEN:1},30,r)
exten => _7XXX,2,Verbose(\${DIALSTATUS} \${HANGUPCAUSE})
exten => _7XXX,3,Dial(SIP/backup/\${EXTEN:1},30,r)
exten => _7XXX,4,Verbose(\${DIALSTATUS} \${HANGUPCAUSE})
exten => _7XXX,5,Congestion
`;

  it('goes on to the next priority for every result but an answer', () => {
    const answers = [
      { dialStatus: 'BUSY', cause: 'user-busy' },
      { dialStatus: 'CHANUNAVAIL', cause: 'destination-out-of-order' },
    ] as const;
    const ran = run(seven, { exten: '7123' }, answers);
    expect(ran.actions.map((action) => action.type)).toEqual(['dial', 'dial', 'congestion']);
    expect(ran.end).toEqual({ reason: 'hangup', cause: 'no-circuit' });
    expect(printed(seven, answers, { exten: '7123' })).toEqual(['BUSY 17', 'CHANUNAVAIL 27']);
  });

  it('takes the status of the cause if it is told no other', () => {
    expect(printed(seven, [{ cause: 'no-answer' }, { cause: 'no-circuit' }], { exten: '7123' })).toEqual([
      'NOANSWER 19',
      'CONGESTION 34',
    ]);
  });

  it('ends the call after an answer', () => {
    const ran = run(seven, { exten: '7123' }, [{ dialStatus: 'ANSWER', cause: 'normal-clearing' }]);
    expect(ran.end).toEqual({ reason: 'hangup', cause: 'normal-clearing' });
    expect(ran.actions).toHaveLength(1);
  });

  it('goes on after an answer with option g, and knows how long it took', () => {
    const text =
      '[a]\nexten => 1,1,Dial(LINE/1,20,g)\nsame => n,Verbose(${DIALSTATUS} ${DIALEDTIME} ${ANSWEREDTIME} ${DIALEDPEERNAME})\n';
    const answer = {
      dialStatus: 'ANSWER',
      cause: 'normal-clearing',
      dialedTimeS: 65.4,
      answeredTimeS: 60,
      peerChannel: 'LINE/1',
    } as const;
    expect(printed(text, [answer])).toEqual(['ANSWER 65 60 LINE/1']);
  });

  it('gives the cause of the last failure at the end, for the tone', () => {
    const text = '[a]\nexten => 1,1,Dial(LINE/1)\n';
    expect(run(text, {}, [{ cause: 'user-busy' }]).end).toEqual({ reason: 'finished', cause: 'user-busy' });
    expect(run(text, {}, [{ cause: 'no-answer' }]).end).toEqual({ reason: 'finished', cause: 'no-answer' });
  });

  it('of nobody is CHANUNAVAIL, cause 1, and asks nothing of the switch', () => {
    const text = '[a]\nexten => _2XX,1,Dial(${DEVICE(${EXTEN})},20)\nsame => n,Verbose(${DIALSTATUS} ${HANGUPCAUSE})\n';
    expect(printed(text, [], { exten: '299' })).toEqual(['CHANUNAVAIL 1']);
    const ran = run(text, { exten: '299' });
    expect(ran.actions).toEqual([]);
    expect(ran.end).toEqual({ reason: 'finished', cause: 'unallocated-number' });
  });

  it('calls every device of an extension', () => {
    const [action] = run('[a]\nexten => _2XX,1,Dial(${DEVICE(${EXTEN})},20)\n', { exten: '201' }).actions;
    expect(action).toMatchObject({ type: 'dial', timeoutMs: 20_000, refused: [] });
    expect(action?.type === 'dial' && action.targets.map((target) => target.toString())).toEqual(['LINE/1', 'SIP/201']);
  });

  it('with option j, or priorityjumping, goes to n+101 when busy', () => {
    const text = '[a]\nexten => 1,1,Dial(LINE/1,20,j)\nexten => 1,102,Verbose(jumped)\n';
    expect(printed(text, [{ dialStatus: 'BUSY' }])).toEqual(['jumped']);
    expect(printed(text, [{ dialStatus: 'NOANSWER' }])).toEqual([]);
    expect(printed(`[general]\npriorityjumping=yes\n${text.replace(',j)', ')')}`, [{ dialStatus: 'BUSY' }])).toEqual([
      'jumped',
    ]);
    expect(printed(text.replace(',j)', ')'), [{ dialStatus: 'BUSY' }])).toEqual([]);
  });
});

describe('the end of an extension', () => {
  it('waits for digits where autofallthrough is off', () => {
    const text =
      '[general]\nautofallthrough=no\n[a]\nexten => 1,1,NoOp\nexten => 22,1,Verbose(two)\nexten => t,1,Verbose(timeout)\nexten => i,1,Verbose(invalid ${INVALID_EXTEN})\n';
    expect(run(text, {}).actions[0]).toEqual({ type: 'collect', prefix: '', firstMs: 10_000, interDigitMs: 5000 });
    expect(printed(text, [{ digits: '22' }, {}])[0]).toBe('two');
    expect(printed(text, [{ digits: '33' }, {}])[0]).toBe('invalid 33');
    expect(printed(text, [{ digits: '' }])[0]).toBe('timeout');
  });

  it('is a timeout with cause 18 where nothing is dialled and there is no t', () => {
    const text = '[general]\nautofallthrough=no\n[a]\nexten => 1,1,NoOp\n';
    expect(run(text, {}, [{ digits: '' }]).end).toEqual({ reason: 'timeout', cause: 'no-user-response' });
  });
});

describe('digits', () => {
  it('are asked of the number that is not complete, as long as more could match', () => {
    const text = '[a]\nexten => 5,1,Incomplete\nexten => 55,1,Verbose(two)\n';
    expect(run(text, { exten: '5' }).actions[0]).toMatchObject({ type: 'collect', prefix: '5' });
    expect(printed(text, [{ digits: '55' }], { exten: '5' })).toEqual(['two']);
    expect(run('[a]\nexten => 5,1,Incomplete\n', { exten: '5' }).end.reason).toBe('no-extension');
  });

  it('are read into a variable, and READSTATUS says whether any came', () => {
    const text = '[a]\nexten => 1,1,Read(PIN,,4)\nsame => n,Verbose(${READSTATUS} ${PIN})\n';
    expect(printed(text, [{ digits: '1234' }])).toEqual(['OK 1234']);
    expect(printed(text, [{ digits: '' }])).toEqual(['TIMEOUT ']);
  });

  it('that WaitExten waits for are the next extension; without any the extension goes on, or t has the word', () => {
    const text = '[a]\nexten => 1,1,WaitExten(3)\nexten => 22,1,Verbose(two)\nexten => t,1,Verbose(t)\n';
    expect(printed(text, [{ digits: '22' }])).toEqual(['two']);
    expect(printed(text, [{ digits: '' }])).toEqual(['t']);
    expect(printed(text.replace('WaitExten(3)', 'WaitExten(3)\nsame => n,Verbose(on)'), [{ digits: '' }])).toEqual([
      'on',
    ]);
    expect(run(text, {}, [{ digits: '9' }]).end).toEqual({ reason: 'no-extension', cause: 'no-route' });
  });

  it('may be timed by TIMEOUT', () => {
    const text =
      '[general]\nautofallthrough=no\n[a]\nexten => 1,1,Set(TIMEOUT(digit)=2)\nsame => n,Set(TIMEOUT(response)=3.5)\n';
    expect(run(text, {}).actions[0]).toMatchObject({ firstMs: 3500, interDigitMs: 2000 });
  });
});

describe('a switch statement', () => {
  const text = `[office]
exten => _801XXX,1,Goto,srvA|\${EXTEN}|1
exten => _9X,1,Verbose(local)
switch => IAX2/me:geheim@hq/outside
[srvA]
exten => _801XXX,1,StripMSD,3
exten => _XXX,2,Goto,1
switch => IAX/serverA
switch => IAX2/serverB
`;

  it('is asked for what is not known here only', () => {
    expect(run(text, { context: 'office', exten: '91' }).actions).toEqual([]);
    const [action] = run(text, { context: 'office', exten: '555' }).actions;
    expect(action).toMatchObject({ type: 'remote-lookup', number: '555' });
    expect(JSON.stringify(action)).toContain('IAX2/me:***@hq/outside');
  });

  it('dials the number at the peer that has it, in the context that the statement names', () => {
    const ran = run(text, { context: 'office', exten: '555' }, [{ exists: true }, { cause: 'user-busy' }]);
    const dial = ran.actions[1];
    expect(dial?.type === 'dial' && dial.targets[0]).toMatchObject({
      peer: 'hq',
      user: 'me',
      secret: 'geheim',
      number: '555',
      context: 'outside',
    });
    expect(ran.end).toEqual({ reason: 'finished', cause: 'user-busy' });
  });

  it('asks the next peer when the first does not have it, and nobody has it in the end', () => {
    const ran = run(text, { context: 'office', exten: '801234' }, [{ exists: false }, { exists: false }]);
    expect(ran.actions.map((action) => action.type === 'remote-lookup' && `${action.peer} ${action.number}`)).toEqual([
      'IAX2/serverA 234',
      'IAX2/serverB 234',
    ]);
    expect(ran.end).toEqual({ reason: 'no-extension', cause: 'no-route' });
  });

  it('is no matter for special extensions', () => {
    expect(run(text, { context: 'office', exten: 't' }).actions).toEqual([]);
  });
});

describe('the hangup of the caller', () => {
  it('runs extension h, of which only what needs no caller is done', () => {
    const environment = testEnvironment();
    const text =
      '[a]\nexten => 1,1,Dial(LINE/1)\nexten => h,1,Verbose(${DIALSTATUS}|${EXTEN})\nexten => h,2,Dial(LINE/2)\nexten => h,3,Verbose(end)\n';
    const execution = new Execution(load(text), { context: 'a', exten: '1', priority: 1 }, environment);
    execution.next();
    execution.hangup();
    expect(execution.next()).toEqual({ type: 'end', reason: 'hangup' });
    expect(environment.printed).toEqual(['info: |h', 'info: end']);
    execution.hangup();
    expect(execution.next()).toEqual({ type: 'end', reason: 'hangup' });
    expect(environment.printed).toHaveLength(2);
  });

  it('is the end where there is no h', () => {
    const execution = new Execution(
      load('[a]\nexten => 1,1,Wait(9)\n'),
      { context: 'a', exten: '1', priority: 1 },
      testEnvironment(),
    );
    execution.next();
    execution.hangup();
    expect(execution.next()).toEqual({ type: 'end', reason: 'hangup' });
  });
});

describe('a dialplan that runs in circles', () => {
  it.each([
    ['a Goto to itself', 'exten => 1,1,Goto(1)'],
    ['a loop without end', 'exten => 1,1,While(1)\nsame => n,Set(i=1)\nsame => n,EndWhile'],
    ['a Gosub into itself', 'exten => 1,1,Gosub(1)'],
    ['Dial that fails at once, again and again', 'exten => 1,1,Dial(LINE/1)\nsame => n,Goto(1)'],
    ['an invalid extension in i', 'exten => 1,1,Goto(77,1)\nexten => i,1,Goto(77,1)'],
    ['extension h', 'exten => h,1,Goto(1)'],
  ])('%s is cut', (_, lines) => {
    const execution = new Execution(
      load(`[a]\n${lines}\n`),
      { context: 'a', exten: lines.includes('h,1') ? 'h' : '1', priority: 1 },
      testEnvironment(),
    );
    let actions = 0;
    for (let step = execution.next(); ; step = execution.next()) {
      if (step.type === 'end') {
        expect(step).toEqual({ type: 'end', reason: 'endless-loop', cause: 'switch-congestion' });
        break;
      }
      actions++;
      execution.resume({ cause: 'destination-out-of-order' });
    }
    expect(actions).toBeLessThanOrEqual(1000);
  });

  it('is let go on when time passes', () => {
    const environment = testEnvironment();
    const execution = new Execution(
      load('[a]\nexten => 1,1,Wait(1)\nsame => n,Goto(1)\n'),
      { context: 'a', exten: '1', priority: 1 },
      environment,
    );
    for (let i = 0; i < 5000; i++) {
      expect(execution.next().type).toBe('perform');
      environment.nowMs += 1000;
      execution.resume({});
    }
  });

  it('with macros that call themselves ends', () => {
    const text = '[a]\nexten => 1,1,Macro(m)\n[macro-m]\nexten => s,1,Macro(m)\n';
    expect(run(text, {}).end.reason).toBe('endless-loop');
  });
});

describe('applications of the dialplan', () => {
  it.each([
    [
      'Macro comes back with its arguments gone',
      'exten => 1,1,Macro(m,x,y)\nsame => n,Verbose(back ${ARG1})\n[macro-m]\nexten => s,1,Verbose(${ARG1}${ARG2} ${MACRO_EXTEN} ${MACRO_CONTEXT})',
      ['xy 1 a', 'back '],
    ],
    [
      'a macro inside a macro',
      'exten => 1,1,Macro(m,x)\nsame => n,Verbose(back)\n[macro-m]\nexten => s,1,Macro(k,y)\nsame => n,Verbose(${ARG1})\n[macro-k]\nexten => s,1,Verbose(${ARG1})',
      ['y', 'x', 'back'],
    ],
    [
      'Goto out of a macro ends it',
      'exten => 1,1,Macro(m)\nsame => n,Verbose(no)\nexten => 2,1,Verbose(out)\n[macro-m]\nexten => s,1,Goto(a,2,1)',
      ['out'],
    ],
    [
      'MacroExit',
      'exten => 1,1,Macro(m)\nsame => n,Verbose(back)\n[macro-m]\nexten => s,1,MacroExit\nsame => n,Verbose(no)',
      ['back'],
    ],
    [
      'If … ElseIf … Else … EndIf',
      'exten => 1,1,If(0)\nsame => n,Verbose(a)\nsame => n,ElseIf($[1=1])\nsame => n,Verbose(b)\nsame => n,Else\nsame => n,Verbose(c)\nsame => n,EndIf\nsame => n,Verbose(end)',
      ['b', 'end'],
    ],
    [
      'Else where nothing else holds',
      'exten => 1,1,If(0)\nsame => n,Verbose(a)\nsame => n,If(1)\nsame => n,EndIf\nsame => n,Else\nsame => n,Verbose(c)\nsame => n,EndIf',
      ['c'],
    ],
    [
      'a loop that is left by Goto',
      'exten => 1,1,Set(i=0)\nsame => n(loop),While(1)\nsame => n,Set(i=$[${i}+1])\nsame => n,GotoIf($[${i}>2]?out)\nsame => n,EndWhile\nsame => n(out),Verbose(${i})',
      ['3'],
    ],
    [
      'Prefix and the like change the number that runs',
      'exten => 1,1,Prefix(9)\nexten => 91,2,Suffix(5)\nexten => 915,3,StripLSD(1)\nexten => 91,4,StripMSD(1)\nexten => 1,5,Verbose(${EXTEN})',
      ['1'],
    ],
    ['Random of 100 percent', 'exten => 1,1,Random(100:3)\nsame => n,Verbose(no)\nsame => n,Verbose(yes)', ['yes']],
    [
      'Random of 0 percent',
      'exten => 1,1,Random(0:4)\nsame => n,Verbose(yes)\nsame => n,Hangup\nsame => n,Verbose(no)',
      ['yes'],
    ],
    [
      'GotoIfTime by the clock',
      'exten => 1,1,GotoIfTime(22:00-23:00,tue,14,nov?3)\nsame => n,Verbose(no)\nsame => n,Verbose(yes)',
      ['yes'],
    ],
    ['ExecIf as it was', 'exten => 1,1,ExecIf($[1=1]|Set|A=x)\nsame => n,Verbose(${A})', ['x']],
    [
      'old names of assignments',
      'exten => 1,1,SetVar(A=1)\nsame => n,SetGlobalVar(B=2)\nsame => n,SetCallerID(Bob <5>)\nsame => n,DBput(f/k=v)\nsame => n,DBget(C=f/k)\nsame => n,Verbose(${A}${B}${C} ${CALLERID(all)})',
      ['12v "Bob" <5>'],
    ],
    ['Log by level', 'exten => 1,1,Log(NOTICE,hello)', ['hello']],
    ['Verbose with and without level', 'exten => 1,1,Verbose(3,a, b)\nsame => n,Verbose(a, b)', ['a, b', 'a, b']],
    ['names of applications in any case', 'exten => 1,1,vErBoSe(x)', ['x']],
  ])('%s', (_, lines, expected) => {
    expect(printed(`[a]\n${lines}\n`)).toEqual(expected);
  });

  it('may set global variables, which other calls see', () => {
    const environment = testEnvironment();
    const dialplan = load('[globals]\nG=old\n[a]\nexten => 1,1,Set(GLOBAL(G)=new)\nexten => 2,1,Verbose(${G})\n');
    run(dialplan, { exten: '2' }, [], environment);
    run(dialplan, { exten: '1' }, [], environment);
    run(dialplan, { exten: '2' }, [], environment);
    expect(environment.printed).toEqual(['info: old', 'info: new']);
  });

  it('passes over what the switch cannot do', () => {
    const environment = testEnvironment();
    const ran = run('[a]\nexten => 1,1,Queue(x)\nsame => n,Verbose(on)\n', {}, [], environment);
    expect(ran.actions).toEqual([]);
    expect(environment.printed).toEqual([
      'warn: 1@a:1: application Queue is not available and is passed over',
      'info: on',
    ]);
  });

  it('ends with what Hangup, Busy and Congestion say', () => {
    expect(run('[a]\nexten => 1,1,Hangup(17)\n', {}).end).toEqual({ reason: 'hangup', cause: 'user-busy' });
    expect(run('[a]\nexten => 1,1,Hangup()\n', {}).end).toEqual({ reason: 'hangup', cause: 'normal-clearing' });
    expect(run('[a]\nexten => 1,1,Busy\n', {}).end).toEqual({ reason: 'hangup', cause: 'user-busy' });
    expect(run('[a]\nexten => 1,1,Congestion(5)\n', {}).actions).toEqual([{ type: 'congestion', timeoutMs: 5000 }]);
  });
});

describe('variables of the channel', () => {
  const start = {
    caller: { number: '201', name: 'Front desk' },
    channel: 'LINE/1',
    uniqueId: '17-1',
    exten: '7',
    language: 'fr',
  };

  it('say who calls, where and on what', () => {
    const text =
      '[a]\nexten => 7,1,Verbose(${CALLERID(num)} ${CALLERID(name)} ${CHANNEL} ${UNIQUEID} ${CONTEXT} ${EXTEN} ${PRIORITY} ${HANGUPCAUSE} ${CHANNEL(language)} ${CALLERID(dnid)})\n';
    expect(printed(text, [], start)).toEqual(['201 Front desk LINE/1 17-1 a 7 1 0 fr 7']);
  });

  it('cannot be overwritten', () => {
    expect(printed('[a]\nexten => 7,1,Set(EXTEN=9)\nsame => n,Verbose(${EXTEN})\n', [], start)).toEqual(['7']);
  });

  it('are inherited by dialled channels if they say so', () => {
    const { execution } = run(
      '[a]\nexten => 7,1,Set(A=1)\nsame => n,Set(_B=2)\nsame => n,Set(__C=3)\nsame => n,Set(_D=4)\nsame => n,Set(D=5)\n',
      start,
    );
    expect([...execution.inheritedVariables()]).toEqual([
      ['B', '2'],
      ['__C', '3'],
    ]);
    const second = run('[a]\nexten => 7,1,Verbose(${B}${C})\n', {
      ...start,
      variables: execution.inheritedVariables(),
    });
    expect([...second.execution.inheritedVariables()]).toEqual([['__C', '3']]);
    expect(second.execution.variable('C')).toBe('3');
  });

  it('show the caller as the dialplan has left it', () => {
    const { execution } = run(
      '[a]\nexten => 7,1,Set(CALLERID(num)=+33472000001)\nsame => n,Set(CALLERID(pres)=prohib)\n',
      start,
    );
    expect(execution.caller).toMatchObject({ number: '+33472000001', name: 'Front desk', presentation: 35 });
  });

  it('tell what the channel brought of the number, and let it be changed', () => {
    const caller = { number: '5551234', name: '', presentation: 33, typeOfNumber: 33, transitNetwork: 7, ani2: 62 };
    const { execution } = run(
      '[a]\nexten => 7,1,Set(A=${CALLINGPRES} ${CALLINGTON} ${CALLINGTNS} ${CALLINGANI2} ${CALLERID(ton)})\nsame => n,Set(CALLERID(ani2)=61)\nsame => n,Set(CALLERID(num-plan)=16)\nsame => n,Set(CALLERID(ani2)=much)\n',
      { ...start, caller },
    );
    expect(execution.variable('A')).toBe('33 33 7 62 33');
    expect(execution.caller).toEqual({ ...caller, typeOfNumber: 16, ani2: 61 });
  });

  it('are bounded in number and length', () => {
    const environment = testEnvironment();
    const text =
      '[a]\nexten => 7,1,Set(A=aaaaaaaaaaaaaaaa)\nsame => n,Set(i=0)\nsame => n(loop),Set(A=${A}${A})\nsame => n,Set(i=$[${i}+1])\nsame => n,GotoIf($[${i}<30]?loop)\n';
    const length = run(text, start, [], environment).execution.variable('A')?.length ?? 0;
    expect(length).toBeGreaterThan(65_000);
    expect(length).toBeLessThanOrEqual(65_536);
  });

  it('never carry a secret into what is printed', () => {
    const environment = testEnvironment();
    const text =
      '[a]\nexten => 7,1,Set(D=IAX2/me:geheim@hq/1)\nsame => n,Verbose(${D})\nsame => n,NoOp(${D})\nsame => n,Dial(${D})\n';
    const ran = run(text, start, [{ cause: 'user-busy' }], environment);
    expect(environment.printed.length).toBe(2);
    expect(JSON.stringify([environment.printed, ran.path, ran.actions])).not.toContain('geheim');
  });
});
