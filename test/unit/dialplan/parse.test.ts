import { describe, expect, it } from 'vitest';
import type { Dialplan } from '../../../src/dialplan/dialplan.ts';
import { parseDialplan } from '../../../src/dialplan/parse.ts';
import { cpuTimer } from '../../support/cpu-time.ts';

/** One line per problem: `3:15 error message`. */
function problems(text: string, firstLine?: number): string[] {
  const found = parseDialplan(text, firstLine === undefined ? {} : { firstLine }).problems;
  return found.map(({ line, column, severity, message }) => `${line}:${column} ${severity} ${message}`);
}

/** One line per priority, in the order of search: `_2XX/201 3(label) Application(data)`. */
function listing(dialplan: Dialplan, context: string): string[] {
  return (dialplan.contexts.get(context)?.extensions ?? []).flatMap(({ pattern, caller, priorities, hint }) => [
    ...(hint === undefined ? [] : [`${pattern.text} hint ${hint}`]),
    ...[...priorities.values()].map(
      ({ number, label, application, data }) =>
        `${pattern.text}${caller === undefined ? '' : `/${caller.text}`} ${number}${label === undefined ? '' : `(${label})`} ${application}(${data})`,
    ),
  ]);
}

const inContext = (lines: string): string[] => listing(parseDialplan(`[a]\n${lines}`).dialplan, 'a');

describe('a dialplan that is right', () => {
  it.each([
    ['exten => 1,1,Goto(srvA,${EXTEN},1)', ['1 1 Goto(srvA,${EXTEN},1)']],
    ['exten => 1,1,Goto,srvA|${EXTEN}|1', ['1 1 Goto(srvA,${EXTEN},1)']],
    ['exten => 1,1,Goto(srvA|${EXTEN}|1)', ['1 1 Goto(srvA,${EXTEN},1)']],
    ['exten => 1,1,StripMSD,3', ['1 1 StripMSD(3)']],
    ['exten => 1,1,Dial,IAX2/master@slave/${EXTEN}', ['1 1 Dial(IAX2/master@slave/${EXTEN})']],
    ['exten => 1,1,Dial,IAX2/hq/1|30|r', ['1 1 Dial(IAX2/hq/1,30,r)']],
    ['exten => 1,1,Congestion', ['1 1 Congestion()']],
    ['exten => 1,1,Dial(${DEVICE(${EXTEN})},20)', ['1 1 Dial(${DEVICE(${EXTEN})},20)']],
    ['exten => 1,1,GotoIf($[${A} | ${B}]?a|1|1)', ['1 1 GotoIf($[${A} | ${B}]?a,1,1)']],
    ['exten => 1,1,Set(A=b|c)', ['1 1 Set(A=b|c)']],
    ['exten => 1,1,NoOp(a|b)', ['1 1 NoOp(a|b)']],
    ['exten => 1 , 1 , NoOp( a )', ['1 1 NoOp( a )']],
    ['exten => 1,1,NoOp((a)b)c)', ['1 1 NoOp((a)b)c)']],
    ['exten => 1,1,NoOp(a\\;b)', ['1 1 NoOp(a;b)']],
    ['exten = 1,1,NoOp', ['1 1 NoOp()']],
    ['exten => s,1,NoOp\nsame => n,Wait(1)\n same=>n(x),NoOp', ['s 1 NoOp()', 's 2 Wait(1)', 's 3(x) NoOp()']],
    [
      'exten => s,1,NoOp\nexten => s,n(x),NoOp(2)\nexten => s,x+5,NoOp(7)',
      ['s 1 NoOp()', 's 2(x) NoOp(2)', 's 7 NoOp(7)'],
    ],
    ['exten => s,1,NoOp\nexten => s,n+5,NoOp\nexten => s,s+2,NoOp(8)', ['s 1 NoOp()', 's 7 NoOp()', 's 9 NoOp(8)']],
    ['exten => s,5(x),NoOp\nsame => next,NoOp', ['s 5(x) NoOp()', 's 6 NoOp()']],
    ['exten => 201,hint,LINE/1&SIP/201,CustomPresence:x', ['201 hint LINE/1&SIP/201']],
    [
      'exten => 1/201,1,NoOp(a)\nexten => 1,1,NoOp(b)\nexten => 1/,1,NoOp(c)',
      ['1/ 1 NoOp(c)', '1/201 1 NoOp(a)', '1 1 NoOp(b)'],
    ],
    ['exten => _[0-9]5,1,NoOp\nexten => _X5,2,NoOp', ['_[0-9]5 1 NoOp()', '_[0-9]5 2 NoOp()']],
  ])('%j', (text, expected) => {
    expect(inContext(text)).toEqual(expected);
    expect(problems(`[a]\n${text}\n[srvA]\nexten => _X.,1,NoOp\n`).filter((it) => it.includes('error'))).toEqual([]);
  });

  it('may stand in several sections, which are one context', () => {
    const { dialplan } = parseDialplan(
      '[a]\nexten => 1,1,NoOp\n[b]\nexten => 9,1,NoOp\n[a](+)\nexten => 2,1,NoOp\n[a]\nexten => 3,1,NoOp',
    );
    expect(listing(dialplan, 'a')).toEqual(['1 1 NoOp()', '2 1 NoOp()', '3 1 NoOp()']);
  });

  it('takes templates over', () => {
    const { dialplan } = parseDialplan('[t](!)\nexten => 5,1,NoOp\nsame => n,Wait(1)\n[a](t)\nexten => 6,1,NoOp');
    expect([...dialplan.contexts.keys()]).toEqual(['a']);
    expect(listing(dialplan, 'a')).toEqual(['5 1 NoOp()', '5 2 Wait(1)', '6 1 NoOp()']);
  });

  it('knows its globals when it is loaded', () => {
    const { dialplan } = parseDialplan(
      '[globals]\nMAIN=201\nBOTH=${MAIN}&202\n[a]\nexten => ${MAIN},1,Dial(${BOTH})\ninclude => ctx${MAIN}\n[ctx201]\n',
    );
    expect(dialplan.globals.get('BOTH')).toBe('201&202');
    expect(listing(dialplan, 'a')).toEqual(['201 1 Dial(${BOTH})']);
    expect(dialplan.contexts.get('a')?.includes[0]?.context).toBe('ctx201');
  });

  it('has its settings from [general]', () => {
    expect(parseDialplan('').dialplan.settings).toEqual({ autoFallthrough: true, priorityJumping: false });
    const { settings } = parseDialplan('[general]\nstatic=yes\nautofallthrough=no\npriorityjumping=yes').dialplan;
    expect(settings).toEqual({ autoFallthrough: false, priorityJumping: true });
  });

  it('keeps what includes, switches and ignored patterns say', () => {
    const text =
      '[a]\ninclude => b,9:00-17:00,mon-fri,*,*\nswitch => IAX2/me:pw@hq/ctx\neswitch => IAX/${PEER}\nignorepat => 9\n[b]\n';
    const { dialplan, problems: found } = parseDialplan(text);
    const a = dialplan.contexts.get('a')!;
    expect(found).toEqual([]);
    expect(a.includes[0]?.when?.text).toBe('9:00-17:00,mon-fri,*,*');
    expect(a.switches.map(({ technology, data, expanded }) => [technology, data, expanded])).toEqual([
      ['IAX2', 'me:pw@hq/ctx', false],
      ['IAX2', '${PEER}', true],
    ]);
    expect(a.ignorePatterns.map((pattern) => pattern.text)).toEqual(['9']);
  });

  it('is read in a time that grows with its length', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `exten => ${(i * 7919) % 20_000},1,Dial(LINE/1,20)`);
    const elapsedMs = cpuTimer();
    expect(parseDialplan(`[a]\n${lines.join('\n')}`).dialplan.contexts.get('a')?.extensions).toHaveLength(20_000);
    expect(elapsedMs()).toBeLessThan(5000);
  });
});

describe('a dialplan that is wrong', () => {
  it.each([
    ['exten => 1,1,Dail(LINE/1)', "2:14 error there is no application 'Dail', did you mean 'Dial'?"],
    ['exten => 1,1,Whatever', "2:14 error there is no application 'Whatever'"],
    ['exten => 1,1,NoOp(${A)', "2:19 error '${A' is never closed"],
    ['exten => 1,1,NoOp(x${LEN(${A)})', "2:20 error '${LEN(${A)}' is never closed"],
    ['exten => 1,1,NoOp($[1 + 2)', "2:19 error '$[1 + 2' is never closed"],
    ['exten => 1,1,NoOp($[1 + ])', '2:25 error $[1 + ]: the expression ends too early'],
    ['exten => 1,1,NoOp($[${A} + ])', '2:28 error $[${A} + ]: the expression ends too early'],
    ['exten => 1,1,NoOp($["${A}" = "b" & ])', '2:36 error $["${A}" = "b" & ]: the expression ends too early'],
    ['exten => 1,1,NoOp(x$[1 2])', "2:24 error $[1 2]: unexpected '2'"],
    ['exten => 1,1,NoOp($["${A}" = b c])', `2:32 error $["\${A}" = b c]: unexpected 'c'`],
    ['exten => 1,1,NoOp($[= ${A}])', "2:21 error $[= ${A}]: unexpected '='"],
    ['exten => 1,1,NoOp($[${A} + * 2])', "2:28 error $[${A} + * 2]: unexpected '*'"],
    ['exten => 1,1,NoOp($[(1 + 2])', '2:27 error $[(1 + 2]: the expression ends too early'],
    ['exten => 1,1,NoOp($[1 + $[2 * ]])', '2:31 error $[2 * ]: the expression ends too early'],
    ['exten => 1,1,NoOp($[LENN(x) > 2])', "2:19 error there is no function 'LENN', did you mean 'LEN'?"],
    ['exten => 1,1,NoOp($["${A}" =~ "(b"])', `2:31 error $["\${A}" =~ "(b"]: regular expression '(b': unmatched '('`],
    [
      'exten => 1,1,GotoIf($["${A}" : "[b-a]" & 1]?1)',
      `2:32 error $["\${A}" : "[b-a]" & 1]: regular expression '[b-a]': the range 'b-a' runs backwards`,
    ],
    ['exten => 1,1,NoOp\nsame => n,While($[${I} < 3])\nsame => n,NoOp', '3:11 error While has no EndWhile after it'],
    ['exten => 1,1,While(1)\nsame => n,While(1)\nsame => n,EndWhile', '2:14 error While has no EndWhile after it'],
    ['exten => 1,1,While(1)\nexten => 1,5,EndWhile', '2:14 error While has no EndWhile after it'],
    ['exten => 1,1,NoOp\nsame => n,EndWhile', '3:11 error EndWhile has no While before it'],
    ['exten => 1,1,ExitWhile', '2:14 error ExitWhile stands in no While'],
    [
      'exten => 1,1,While(1)\nsame => n,EndWhile\nsame => n,ContinueWhile',
      '4:11 error ContinueWhile stands in no While',
    ],
    ['exten => _2X,1,If(1)\nexten => _3X,1,NoOp', '2:16 error If has no EndIf after it'],
    ['exten => 1,1,Else', '2:14 error Else stands in no If'],
    ['exten => 1,1,If(1)\nsame => n,EndWhile\nsame => n,EndIf', '3:11 error EndWhile has no While before it'],
    ['exten => 1,1,GotoIf($[${X} > ]?1)', '2:30 error $[${X} > ]: the expression ends too early'],
    [`exten => 1,1,NoOp(${'${'.repeat(33)}A${'}'.repeat(33)})`, '2:83 error variables are nested too deep'],
    ['exten => 1,1,NoOp(${LENN(x)})', "2:19 error there is no function 'LENN', did you mean 'LEN'?"],
    ['exten => 1,1,NoOp(${A}${ODBC(x)})', '2:23 warning function ODBC is not available in this version'],
    ['exten => _7X,1,NoOp(a${EXTN:1})', "2:22 warning nothing sets the variable 'EXTN', did you mean 'EXTEN'?"],
    ['exten => _7X,1,NoOp(${exten})', "2:21 warning nothing sets the variable 'exten', did you mean 'EXTEN'?"],
    [
      'exten => 1,1,GotoIf($["${DIALSTATS}" = "BUSY"]?1)',
      "2:24 warning nothing sets the variable 'DIALSTATS', did you mean 'DIALSTATUS'?",
    ],
    ['exten => 1,1,Queue(x)', '2:14 warning Queue is not available in this version'],
    ['exten => _12[3,1,NoOp', "2:13 error the '[' of the pattern has no ']'"],
    ['exten => _1.2,1,NoOp', "2:13 error nothing may follow the '.' of a pattern"],
    ['exten => _.,1,NoOp', "2:10 warning '_.' also matches h, i and t; write '_X.'"],
    ['exten => 2XX,1,NoOp', "2:10 warning '2XX' is taken as it stands; a pattern begins with '_'"],
    ['exten => 1', "2:10 error extension '1' has no priority and no application"],
    ['exten => ,1,NoOp', '2:10 error the extension is empty'],
    ['exten => 1,1', '2:12 error the priority has no application'],
    ['exten => 1,0,NoOp', "2:12 error '0' is no priority"],
    ['exten => 1,x,NoOp', "2:12 error 'x' is neither a priority nor a label above"],
    ['exten => 1,n,NoOp', "2:12 error 'n' has no priority before it to count from"],
    ['exten => 1,1(a,NoOp', "2:12 error the label of '1(a' has no ')'"],
    ['exten => 1,1(5),NoOp', "2:12 error '5' is no label: it must not be a number"],
    ['exten => 1,1,NoOp(a', '2:18 error NoOp( is never closed'],
    ['exten => 1,1,NoOp(a)b', "2:21 warning 'b' after NoOp(…) is ignored"],
    ['same => n,NoOp', "2:1 error there is no 'exten' above that 'same' could go on with"],
    ['extn => 1,1,NoOp', "2:1 error there is no 'extn' in a context, did you mean 'exten'?"],
    ['include => b', "2:12 warning there is no context 'b'"],
    ['include => a,9-17', "2:14 error '9' is not a time of day such as 8:30 or 17:00"],
    ['switch => FOO/x', "2:11 error there is no switch 'FOO'"],
    ['switch => IAX2/', '2:11 error switch: IAX2 takes [user[:secret]@]peer/number[@context]'],
    ['switch => DUNDi/priv', '2:11 warning switch => DUNDi is not available in this version'],
    [
      'exten => 1,1,NoOp\nexten => 1,1,NoOp',
      "3:12 warning priority 1 of '1' is already on line 2; this one is ignored",
    ],
    ['exten => 1,1(x),NoOp\nsame => n(x),NoOp', "3:9 warning label 'x' is already on line 2; this one is ignored"],
    ['exten => 1,1,NoOp\nexten => 2,n,NoOp', "3:14 warning '2' begins with priority 2, not with 1: nothing gets in"],
    [
      'exten => _7XXX,2,NoOp\nexten => _2XX,1,NoOp',
      "2:18 warning '_7XXX' begins with priority 2, not with 1: nothing gets in",
    ],
    ['exten => 1,1,NoOp\nexten => 1,3,NoOp', "3:14 warning priority 3 of '1' is never reached: there is no priority 2"],
    [
      'exten => 1,1,NoOp\nexten => 1,150,NoOp',
      "3:16 warning priority 150 of '1' is never reached: there is no priority 149",
    ],
    ['#include x.conf', '2:1 error #include is not possible here: write the text of that file in its place'],
    ['exten => 1,1,Goto(b,1,1)', "2:14 error there is no context 'b'"],
    ['exten => 1,1,Goto(2,1)', "2:14 error there is no extension '2' in context 'a'"],
    ['exten => 1,1,Goto(nowhere)', "2:14 error extension '1' of context 'a' has no priority 'nowhere'"],
    [
      'exten => 1,1(start),Goto(strat)',
      "2:21 error extension '1' of context 'a' has no priority 'strat', did you mean 'start'?",
    ],
    ['exten => 1,1,Goto(5)', "2:14 error extension '1' of context 'a' has no priority '5'"],
    ['exten => _X,1,Goto(nowhere)', "2:15 error extension '_X' of context 'a' has no priority 'nowhere'"],
    ['exten => 1,1,Goto()', "2:14 error '' is no place to go to"],
    ['exten => 1,1,GotoIf($[1=1]?b,1,1)', "2:14 error there is no context 'b'"],
    ['exten => 1,1,GotoIf(1)', "2:14 error GotoIf has no '?'"],
    ['exten => 1,1,GotoIfTime(9-17,*,*,*?1)', "2:14 error '9' is not a time of day such as 8:30 or 17:00"],
    ['exten => 1,1,Gosub(b,s,1(x))', "2:14 error Gosub: there is no context 'b'"],
    ['exten => 1,1,Macro(b)', "2:14 error there is no macro 'b'"],
    ['exten => 1,1,ExecIf(1?Gato(1))', "2:14 error there is no application 'Gato', did you mean 'Goto'?"],
    ['exten => 1,1,Set(a)', "2:14 error Set has no '='"],
    ['exten => 1,1,Hangup(nope)', "2:14 error 'nope' is no cause"],
    ['exten => 1,1,CallForward(alway,202)', "2:14 error 'alway' is no case of CallForward, did you mean 'always'?"],
    ['exten => 1,1,CallForward(202)', "2:14 error '202' is no case of CallForward"],
    ['exten => 1,1,DoNotDisturb(onn)', "2:14 error 'onn' is no state of DoNotDisturb"],
    ['exten => 1,1,PlayTones(440/x)', "2:14 error '440/x' is no tone"],
    ['exten => 1,1,Wait(abc)', "2:14 error 'abc' is no time to Wait"],
    ['exten => 1,1,WaitExten(abc)', "2:14 error 'abc' is no time to WaitExten"],
    ['exten => 1,1,Answer(-1)', "2:14 error '-1' is no time to Answer"],
    ['exten => 1,1,Congestion(1,2)', "2:14 error '1,2' is no time to Congestion"],
    ['exten => 1,1,Read(,beep)', '2:14 error Read has no variable'],
    ['exten => 1,1,Read(x,beep,abc)', "2:14 error 'abc' is no number of digits"],
    ['exten => 1,1,Read(x,beep,,,x)', "2:14 error 'x' is no number of attempts"],
    ['exten => 1,1,Read(x,beep,,,1,y)', "2:14 error 'y' is no time to Read"],
    ['exten => 1,1,SendDTMF(12x)', "2:14 error 'x' is no digit"],
    ['exten => 1,1,SendDTMF(12,abc)', "2:14 error 'abc' is no gap"],
    ['exten => 1,1,SendDTMF(12,,abc)', "2:14 error 'abc' is no length of a digit"],
    ['exten => 1,1,ConfBridge()', '2:14 error ConfBridge has no room'],
    ['exten => 1,1,ParkedCall(x)', "2:14 error 'x' is no space"],
    ['exten => 1,1,MacroIf(1?b)', "2:14 error there is no macro 'b'"],
    ['exten => 1,1,MacroExclusive(b)', "2:14 error there is no macro 'b'"],
    ['exten => 1,1,TryExec(Gato(1))', "2:14 error there is no application 'Gato', did you mean 'Goto'?"],
    ['exten => 1,1,ExecIfTime(*,*,*,*?Gato(1))', "2:14 error there is no application 'Gato', did you mean 'Goto'?"],
    ['exten => 1,1,ExecIf(1?Wait(x))', "2:14 error 'x' is no time to Wait"],
    ['exten => 1,1,Set(LEN(x)=1)', '2:14 warning function LEN cannot be set'],
    ['exten => 1,1,Set(LEN(x)=${Y})', '2:14 warning function LEN cannot be set'],
    ['exten => 1,1,Set(CALERID(num)=${X})', "2:14 error there is no function 'CALERID', did you mean 'CALLERID'?"],
    ['exten => 1,1,Set(CDR_PROP(disable)=1)', '2:14 warning function CDR_PROP is not available in this version'],
    ['exten => 1,1,SetVar(LENN(x)=1)', "2:14 error there is no function 'LENN', did you mean 'LEN'?"],
    ['exten => 1,1,Set(CALLERID(nam)=Me)', '2:14 warning CALLERID(nam) cannot be set'],
    ['exten => 1,1,Set(TIMEOUT(x)=1)', "2:14 warning TIMEOUT has no 'x'"],
    ['exten => 1,1,Set(CALLERID(pres)=hidden)', "2:14 warning there is no presentation 'hidden'"],
    ['exten => 1,1,NoOp(x${CALLERID(nam)})', "2:20 warning CALLERID has no 'nam'"],
    ['exten => 1,1,NoOp(${IF(1)})', '2:19 warning IF takes condition?yes:no'],
    ['exten => 1,1,NoOp(${MATH(1+,int)})', "2:19 warning MATH cannot calculate '1+'"],
    ['exten => 1,1,NoOp(${IFTIME(9-17,*,*,*?1:2)})', "2:19 warning '9' is not a time of day such as 8:30 or 17:00"],
    ['exten => _4,1,NoOp\nexten => _4!,1,NoOp', "2:15 warning '_4' is never reached: '_4!' comes before it"],
    ['exten => 1,1,Dial(FOO/1)', "2:14 error there is no technology 'FOO'"],
    ['exten => 1,1,Dial(FOO/${EXTEN})', "2:14 error there is no technology 'FOO'"],
    ['exten => 1,1,Dial(LINE/x)', "2:14 error LINE takes the number of a line, not 'x'"],
    ['exten => 1,1,Dial(LINE/1,abc)', "2:14 error 'abc' is no timeout of Dial"],
    ['exten => 1,1,Dial(LINE/1,20,q)', "2:14 warning Dial has no option 'q'"],
    ['exten => 1,1,Dial(LINE/1,20,S(10)', '2:14 error Dial: option S( is never closed'],
  ])('%j', (text, expected) => {
    expect(problems(`[a]\n${text}`)[0]).toBe(expected);
  });

  it.each([
    ['exten => 1,1,Dial(FOO/1)', 'IAX2, SIP, PJSIP, LINE, Local'],
    ['exten => 1,1,While(1)', 'EndWhile in the same extension'],
    ['exten => 1,1,EndIf', 'If(…) in the same extension'],
    ['exten => 1,1,ExitWhile', 'between While and EndWhile'],
    ['exten => 1,1,NoOp($[a =~ "("])', 'a regular expression of POSIX (extended)'],
  ])('says what would be right in %s', (text, allowed) => {
    expect(parseDialplan(`[a]\n${text}`).problems[0]?.allowed).toBe(allowed);
  });

  it.each([
    [
      'blocks in blocks',
      '1,1,While(1)\nsame => n,If(1)\nsame => n,ExitWhile\nsame => n,Else\nsame => n,EndIf\nsame => n,EndWhile',
    ],
    ['a loop that is closed far behind', '1,1,While(1)\nsame => n,Goto(9)\nsame => n,EndWhile\nexten => 1,9,NoOp'],
    ['a loop that a pattern goes on with', '_2X,1,While(1)\nexten => _2.,2,EndWhile'],
    ['a regular expression that a variable is part of', '1,1,NoOp($["a" =~ "(${X}"])'],
    ['a closing parenthesis for itself in a regular expression', '1,1,NoOp($["a)" =~ "a)"])'],
  ])('finds nothing wrong with %s', (_, text) => {
    expect(problems(`[a]\nexten => ${text}`).filter((it) => it.includes('error'))).toEqual([]);
  });

  it('has no warning of functions that are right, or whose arguments are known at a call only', () => {
    const rest = [
      '${CALLERID(${X})}',
      '${MATH(1+2,int)}',
      '${IF($[1 = 1]?a:b)}',
      '${DB(a/b)}',
      '${EVAL(x)}',
      '${SHIFT(x)}',
    ];
    const text = rest.map((each, i) => `exten => ${i},1,NoOp(${each})`).join('\n');
    expect(
      problems(`[a]\n${text}\nexten => 9,1,Set(CALLERID(${'${X}'})=1)\nexten => _4XX,1,NoOp\nexten => _4!,1,NoOp`),
    ).toEqual([]);
  });

  it.each([
    '${EXTEN} ${DIALSTATUS} ${HANGUPCAUSE} ${ARG1} ${MACRO_EXTEN}',
    '${EXTN})\nexten => 2,1,Set(EXTN=5',
    '${EXTN})\nexten => 2,1,Set(__EXTN=5',
    '${EXTN})\nexten => 2,1,Read(EXTN',
    '${TRUNK} ${X}',
    '${EXTN})\n[globals]\nEXTN=5\n[b]\nexten => 1,1,NoOp(x',
  ])('knows what sets the variables of NoOp(%s)', (text) => {
    expect(problems(`[a]\nexten => 1,1,NoOp(${text})`).filter((it) => it.includes('nothing sets'))).toEqual([]);
  });

  it.each([
    ['another extension that fills the gap', '_2XX,1,NoOp\nexten => 201,2,NoOp'],
    ['another pattern that fills the gap', '_X.,1,NoOp\nexten => _7[1-3],2,NoOp'],
    ['a jump to it', '1,1,GotoIf(${X}?7:2)\nexten => 1,2,NoOp\nexten => 1,7,NoOp'],
    ['a jump to its label', '1,1,Goto(2,in)\nexten => 2,5(in),NoOp'],
    ['a jump that only a call knows', '1,1,Goto(${WHERE})\nexten => 2,5,NoOp'],
    ['where Dial of old went on for a busy line', '1,1,Dial(LINE/1)\nexten => 1,2,Hangup\nexten => 1,102,Busy'],
    ['an extension that a shorter number goes on in', '_801XXX,1,StripMSD,3\nexten => _XXX,2,NoOp'],
    ['a hint alone', '201,hint,LINE/1'],
  ])('finds no priority out of reach with %s', (_, text) => {
    expect(problems(`[a]\nexten => ${text}`).filter((it) => /never reached|begins with/.test(it))).toEqual([]);
  });

  it.each([
    ['1 + ', 'a value'],
    ['(1 + ${A}) 2', 'an operator, or the end'],
    ['(1 + 2', ')'],
  ])('says what an expression %j wants', (expression, allowed) => {
    const [problem] = parseDialplan(`[a]\nexten => 1,1,NoOp($[${expression}])`).problems;
    expect(problem?.allowed).toBe(allowed);
  });

  it.each([
    'exten => 1,1,Goto(${X},1,1)',
    'exten => 1,1,Goto(${EXTEN},1)',
    'exten => 1,1,Goto(b,${EXTEN},1)\n[b]\n',
    'exten => 1,1,Goto(777,1)\nexten => i,1,NoOp',
    'exten => 1,1,Goto(srv,234,1)\n[srv]\nswitch => IAX2/hq',
    'exten => _801XXX,1,StripMSD,3\nexten => _XXX,2,Goto,1\nswitch => IAX/serverA',
    'exten => 1,1,Goto(b,5,lab)\n[b]\ninclude => c\n[c]\nexten => _X,1,NoOp\nexten => _X,n(lab),NoOp',
    'exten => 1/201,1,Goto(2,1)\nexten => 2/201,1,NoOp',
    'exten => 1,1,${APP}(x)',
    'exten => 1,1,ExecIf($[1],NoOp,x)',
    'exten => 1,1,Dial(${DEVICE(201)}&LINE/1,${T},${O})',
    'exten => 1,1,gotoif(1?1)',
    'exten => 1,1,Wait(0.5)',
    'exten => 1,1,Wait()',
    'exten => 1,1,Answer(500)',
    'exten => 1,1,Read(x)',
    'exten => 1,1,Read(x,,4,,2,10)',
    'exten => 1,1,SendDTMF(12w*#AD,100,100)',
    'exten => 1,1,SendDTMF(${X},${Y})',
    'exten => 1,1,ConfBridge(600)',
    'exten => 1,1,ParkedCall()',
    'exten => 1,1,Set(CALLERID(num)=${X})',
    'exten => 1,1,Set(GLOBAL(x)=1)',
    'exten => 1,1,Set(HASH(a,${K})=${V})',
    'exten => 1,1,Set(${F}(x)=1)',
    'exten => 1,1,Set(A(1=x)',
    'exten => 1,1,TryExec(${APP}(1))',
    // A variable may hold a part of an expression, an operator among them.
    'exten => 1,1,Set(x=$[1 ${OP} 2])',
    'exten => 1,1,Set(x=$[${LEFT} 2])',
    'exten => 1,1,Set(x=$[2 ${RIGHT}])',
    'exten => 1,1,Set(x=$[(1 + ${REST}])',
    'exten => 1,1,Set(x=$[${A}])',
    'exten => 1,1,Set(x=$[])',
    'exten => 1,1,Set(x=$["${A}" = "b c" | ${LEN(${B})} > 3])',
    'exten => 1,1,Set(x=$["${A}" : "([0-9]+)"])',
    'exten => 1,1,Set(x=$[${A} ? yes :: no])',
    'exten => 1,1,Set(x=$[POW(${A},2) + SIN(1) / 0])',
    'exten => 1,1,Set(x=$[-${A} + !${B}])',
  ])('is not what this is: %j', (text) => {
    expect(problems(`[a]\n${text}`).filter((it) => it.includes('error'))).toEqual([]);
  });

  it('has its problems in the order of the lines, counted from where it is told', () => {
    const found = problems('[a]\nexten => 1,1,Foo\nfoo\nexten => _,1,NoOp', 10);
    expect(found.map((it) => it.split(' ')[0])).toEqual(['11:14', '12:1', '13:10']);
  });

  it('never shows a secret', () => {
    const text =
      '[a]\nexten => 1,1,Dial(IAX2/me:geheim@/1)\nexten => 2,1,Foo(IAX2/me:geheim@hq)\nexten => 3,1,NoOp(${IAX2/me:geheim@hq';
    const { problems: found } = parseDialplan(text);
    expect(found.length).toBeGreaterThan(2);
    expect(JSON.stringify(found)).not.toContain('geheim');
  });

  it('says so before the first context', () => {
    expect(problems('exten => 1,1,NoOp')).toEqual(['1:1 error this stands before the first [context]']);
    expect(problems('[a](t)')).toEqual(["1:5 error there is no section 't' above"]);
    expect(problems('[general]\nfoo=1')).toEqual(["2:1 warning [general] has no setting 'foo'"]);
  });
});
