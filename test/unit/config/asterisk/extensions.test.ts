import { expect, test } from 'vitest';
import { importOffice } from './office.ts';

function importDialplan(text: string, files: Readonly<Record<string, string>> = {}) {
  return importOffice({ 'extensions.conf': text, ...files });
}

test('a dialplan that says nothing unknown stays as it is, comments included', () => {
  const text = `[general]
autofallthrough=no
[globals]
TRUNK=IAX2/hq
[office]
; Our own telephones
exten => _2XX,1,NoOp(\${EXTEN})  ; where to
 same => n(again),Wait(1)
 same => n,GotoIf($["\${DIALSTATUS}" = "BUSY"]?again)
exten => 7,hint,SIP/7
exten => s/_4X,1,Hangup
exten => s,1,Goto,office|202|1

include => other
ignorepat => 9
[other]
exten => 5,1,Hangup()`;
  const { text: yaml, told } = importDialplan(text);
  expect(yaml.slice(yaml.indexOf('dialplan:'))).toBe(
    `dialplan: |\n${text.replace(/^(?=.)/gm, '  ').replaceAll('\n   same', '\n   same')}\n`,
  );
  expect(told).toEqual([]);
});

test('an application that there is none of does nothing, and the priorities keep their numbers', () => {
  const { dialplan, text, told } = importDialplan(`[a]
exten => 1,1,Frobnicate(x,y)
exten => 1,n(next),NoOp(here)
 same => n,Goto(next)
 same => n,Goto(3)`);
  expect(dialplan).toEqual([
    '[a]',
    'exten => 1,1,NoOp()',
    'exten => 1,n(next),NoOp(here)',
    ' same => n,Goto(next)',
    ' same => n,Goto(3)',
  ]);
  expect(text).toContain('  ; 1,1,Frobnicate(x,y)\n');
  expect(told).toEqual([
    "extensions.conf:2: there is no application 'Frobnicate'; the line does nothing, and the call goes on with the next priority",
  ]);
});

test('a jump to nowhere, and what keeps callers out, end the call', () => {
  const { dialplan, told } = importDialplan(`[a]
exten => 1,1,Authenticate(4711)
exten => 1,2,Dial(SIP/x)
exten => 1,3,Goto(nowhere,s,1)`);
  expect(dialplan).toEqual(['[a]', 'exten => 1,1,Hangup(21)', 'exten => 1,2,Dial()', 'exten => 1,3,Hangup()']);
  expect(told).toEqual([
    'extensions.conf:2: Authenticate is not available; the call ends here, so that nobody gets by',
    'extensions.conf:3: Dial: no SIP phone or trunk x was carried over; it is not called',
    "extensions.conf:4: there is no context 'nowhere'; the call ends here",
  ]);
});

test('of a GotoIf, the branch that leads nowhere ends the call, and the other stays', () => {
  const { dialplan, told } = importDialplan(`[a]
exten => 1,1(top),GotoIf($[1]?nowhere,s,1:top)
exten => 1,2,GotoIf($[1]?top:gone)
exten => 1,3,GotoIfTime(8:00-9:00,mon,*,*?a,2,1:a,3,1)
exten => 1,4,GosubIf($[1]?top(x):elsewhere,s,1)`);
  expect(dialplan).toEqual([
    '[a]',
    'exten => 1,1(top),GotoIf($[1]?import-nowhere,s,1:top)',
    'exten => 1,2,GotoIf($[1]?top:import-nowhere,s,1)',
    'exten => 1,3,GotoIfTime(8:00-9:00,mon,*,*?import-nowhere,s,1:import-nowhere,s,1)',
    'exten => 1,4,GosubIf($[1]?top(x):import-nowhere,s,1)',
    '[import-nowhere]',
    'exten => s,1,Hangup()',
  ]);
  expect(told).toContain("extensions.conf:2: there is no context 'nowhere'; a call that takes this branch ends");
});

test('a known application that nobody performs yet stays, and is told', () => {
  const { dialplan, told } = importDialplan('[a]\nexten => 1,1,VoiceMail(1@default,u)');
  expect(dialplan[1]).toBe('exten => 1,1,VoiceMail(1@default,u)');
  expect(told).toEqual([
    'extensions.conf:2: VoiceMail is not available in this version; the call goes on with the next priority; hand the call to the voice mail of head office: Dial(IAX2/peer/number)',
  ]);
});

test('lines that cannot be read are left out, and what follows keeps its extension', () => {
  const { dialplan, text, told } = importDialplan(`[a]
same => n,Hangup()
exten => 1,1,NoOp(one)
exten => 2,nolabel,NoOp(two)
 same => 1,NoOp(three)
exten => _[2,1,NoOp(four)
 same => n,NoOp(five)
switch => Nowhere/x
incldue => b
exten => 3`);
  expect(dialplan).toEqual(['[a]', 'exten => 1,1,NoOp(one)', 'exten => 2,1,NoOp(three)']);
  expect(text).toContain('; 2,nolabel,NoOp(two)');
  expect(told.length).toBeGreaterThanOrEqual(6);
});

test('included files and templates are one dialplan', () => {
  const { dialplan } = importDialplan(
    `[t](!)
exten => s,1,Hangup()
[a](t)
#include more.conf
exten => 3,1,NoOp(3)`,
    { 'more.conf': 'exten => 2,1,NoOp(2)\n[b]\nexten => 9,1,NoOp(9)' },
  );
  expect(dialplan).toEqual([
    '[a]',
    'exten => s,1,Hangup()',
    'exten => 2,1,NoOp(2)',
    'exten => 3,1,NoOp(3)',
    '[b]',
    'exten => 9,1,NoOp(9)',
  ]);
});

test('a semicolon that is no comment stays one', () => {
  const { dialplan } = importDialplan('[a]\nexten => 1,1,Set(A=b\\;c)\nexten => 1,2,Nothing(d\\;e)');
  expect(dialplan).toEqual(['[a]', 'exten => 1,1,Set(A=b\\;c)', 'exten => 1,2,NoOp()']);
});

test('Local channels without a context are in default, other technologies are not called', () => {
  const { dialplan, told } = importDialplan(
    `[default]\nexten => 1,1,Dial(Local/2&Console/dsp&local/3/n&SIP/3@192.0.2.7&\${X}&MGCP/a@b,20,tT)`,
  );
  expect(dialplan[1]).toBe(`exten => 1,1,Dial(Local/2@default&Local/3@default/n&SIP/3@192.0.2.7&\${X},20,tT)`);
  expect(told).toHaveLength(2);
});

test('secrets of dial strings stand in no remark', () => {
  const { told } = importDialplan(
    '[a]\nexten => 1,1,Dial(IAX2/us:very-secret@nobody/1)\nexten => 1,2,No(IAX2/a:very-secret@b/1)',
  );
  expect(told.filter((line) => line.includes('has a secret in it'))).toHaveLength(2);
  expect(told).toHaveLength(4);
  expect(told.join('\n')).not.toContain('very-secret');
});

test('characters that YAML has no place for do not get into it', () => {
  const { dialplan } = importDialplan('[a]\nexten => 1,1,NoOp(\u0000\u0007\u2028\ufeff\ud800x)\nexten => 2,1,NoOp(é)');
  expect(dialplan[1]).toBe('exten => 1,1,NoOp(?????x)');
  expect(dialplan[2]).toBe('exten => 2,1,NoOp(é)');
});

test('an emergency number is left out with all its lines: it is dialled before anybody looks into the dialplan', () => {
  const { dialplan, told } = importOffice({
    'extensions.conf': '[office]\nexten => 911,1,NoOp(x)\n same => n,Dial(IAX2/a/911)\nexten => 5,1,Hangup()',
    'sip.conf': '[5]\ntype=friend\nhost=dynamic\nsecret=long-secret\ncontext=office',
    'iax.conf': '[a]\ntype=peer\nhost=192.0.2.1',
  });
  expect(dialplan).toEqual(['[office]', 'exten => 5,1,Hangup()']);
  expect(told).toContain(
    'extensions.conf:2: "911" is an emergency number here and calls nothing else; the ways of emergency calls are in emergency.via; the line is left out',
  );
});
