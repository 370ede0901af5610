import { describe, expect, it } from 'vitest';
import { ARGUMENT_READERS, readCause } from '../../../src/dialplan/application-arguments.ts';
import { closestApplication, findApplication, isTyped, PERFORMED } from '../../../src/dialplan/applications.ts';
import { type DialTarget, parseDialTarget } from '../../../src/dialplan/dial-target.ts';
import { parseOptions } from '../../../src/dialplan/option-letters.ts';
import { maskSecrets } from '../../../src/dialplan/secret.ts';

const timeouts = { digitTimeoutMs: 5000, responseTimeoutMs: 10_000 };

describe('the arguments of an application', () => {
  it.each([
    ['answer', '', { type: 'answer' }],
    ['answer', '500', { type: 'answer', delayMs: 500 }],
    ['hangup', '', { type: 'hangup' }],
    ['hangup', '17', { type: 'hangup', cause: 'user-busy' }],
    ['hangup', 'USER_BUSY', { type: 'hangup', cause: 'user-busy' }],
    ['echo', '', { type: 'echo' }],
    ['milliwatt', 'm', { type: 'milliwatt' }],
    ['playtones', 'busy', { type: 'playtones', tone: 'busy' }],
    [
      'playtones',
      '440/100,0/100',
      {
        type: 'playtones',
        tone: {
          steps: [
            { hz: [440], ms: 100 },
            { hz: [], ms: 100 },
          ],
        },
      },
    ],
    ['stopplaytones', '', { type: 'stop-playtones' }],
    ['busy', '', { type: 'busy' }],
    ['congestion', '2.5', { type: 'congestion', timeoutMs: 2500 }],
    ['ringing', '', { type: 'ringing' }],
    ['progress', '', { type: 'progress' }],
    ['proceeding', '', { type: 'proceeding' }],
    ['wait', '1.5', { type: 'wait', ms: 1500 }],
    ['wait', 'x', { type: 'wait', ms: 0 }],
    ['waitexten', '3', { type: 'collect', prefix: '', firstMs: 3000, interDigitMs: 5000 }],
    ['waitexten', '', { type: 'collect', prefix: '', firstMs: 10_000, interDigitMs: 5000 }],
    [
      'read',
      'X,beep&beep,4,s,2,8',
      { type: 'read', prompts: ['beep', 'beep'], maxDigits: 4, options: 's', attempts: 2, timeoutMs: 8000 },
    ],
    ['read', 'X', { type: 'read', variable: 'X', prompts: [], maxDigits: 0, options: '', attempts: 1 }],
    ['senddtmf', '12w#x,200,100', { type: 'send-dtmf', digits: '12w#', gapMs: 200, durationMs: 100 }],
    ['senddtmf', '1', { type: 'send-dtmf', digits: '1', gapMs: 250, durationMs: 100 }],
    ['sendtext', 'a, b', { type: 'send-text', text: 'a, b' }],
    ['playback', 'a&b,skip', { type: 'playback', files: ['a', 'b'], options: 'skip' }],
    ['background', 'a,m,en,menu', { type: 'background', files: ['a'], options: 'm', context: 'menu' }],
    ['musiconhold', 'jazz,5', { type: 'music-on-hold', className: 'jazz', ms: 5000 }],
    ['confbridge', '600,b', { type: 'conference', room: '600', profiles: ['b'], options: '' }],
    ['meetme', '600,M,1234', { type: 'conference', room: '600', profiles: [], options: 'M', pin: '1234' }],
    ['pickup', '201&202@a', { type: 'pickup', targets: ['201', '202@a'] }],
    ['park', '700,r', { type: 'park', lot: '700', options: 'r' }],
    ['parkedcall', 'default,701', { type: 'parked-call', space: '701' }],
    ['voicemail', '201&202,u', { type: 'voicemail', mailboxes: ['201', '202'], options: 'u' }],
    ['transfer', ' 7123 ', { type: 'transfer', destination: '7123' }],
    ['dial', 'LINE/1&SIP/211,20,rS(10)', { type: 'dial', timeoutMs: 20_000, refused: [] }],
    ['dial', '', { type: 'dial', targets: [], refused: [] }],
    [
      'dial',
      'FOO/1&x',
      { type: 'dial', targets: [], refused: ["there is no technology 'FOO'", "'x' is not a dial string"] },
    ],
    ['dial', 'LINE/1,0', { type: 'dial' }],
    ['dial', 'LINE/1,,m(jazz),http://x/,y', { type: 'dial', url: 'http://x/,y' }],
  ])('%s(%s)', (name, data, expected) => {
    expect(ARGUMENT_READERS.get(name)?.(data, timeouts)).toMatchObject(expected);
  });

  it('has a reader for everything that the switch may perform', () => {
    expect(Object.keys(PERFORMED).filter((name) => !isTyped(name))).toEqual([]);
  });

  it.each([
    ['16', 'normal-clearing'],
    ['AST_CAUSE_CONGESTION', 'no-circuit'],
    ['SUBSCRIBER_ABSENT', 'subscriber-absent'],
    ['20', 'subscriber-absent'],
    ['126', 'normal-unspecified'],
    ['128', undefined],
    ['nope', undefined],
    ['', undefined],
  ])('the cause %j is %s', (text, cause) => {
    expect(readCause(text)).toBe(cause);
  });
});

describe('the table of applications', () => {
  it.each([
    ['Dial', 'switch', true],
    ['dial', 'switch', true],
    ['Set', 'dialplan', true],
    ['Queue', 'switch', false],
    ['StripMSD', 'dialplan', true],
  ])('%s', (name, kind, available) => {
    expect(findApplication(name)).toMatchObject({ kind, available });
  });

  it('knows what was probably meant', () => {
    expect(findApplication('Dail')).toBeUndefined();
    expect(closestApplication('Dail')).toBe('Dial');
    expect(closestApplication('Xyzzy')).toBeUndefined();
  });
});

describe('options', () => {
  it.each([
    ['', {}],
    ['rg', { r: '', g: '' }],
    ['rS(10)D(12:3)', { r: '', S: '10', D: '12:3' }],
    ['L(1000:500(x):)g', { L: '1000:500(x):', g: '' }],
    ['r g', { r: '', g: '' }],
  ])('%s', (text, expected) => {
    expect(Object.fromEntries(parseOptions(text).options)).toEqual(expected);
  });

  it('are reported when they are not closed', () => {
    expect(parseOptions('rS(10').problem).toBe('option S( is never closed');
  });
});

describe('a dial string', () => {
  it.each([
    ['IAX2/hq/7123', { technology: 'IAX2', peer: 'hq', number: '7123', resource: 'hq/7123' }],
    ['IAX/hq', { technology: 'IAX2', peer: 'hq', number: undefined }],
    ['IAX2/me@hq/1@ctx/a', { peer: 'hq', user: 'me', secret: undefined, number: '1', context: 'ctx', flags: 'a' }],
    ['IAX2/me:pw@hq:4570/1', { peer: 'hq:4570', user: 'me', secret: 'pw' }],
    ['IAX2/me:[key]@hq', { user: 'me', secret: undefined, key: 'key' }],
    ['IAX2/me:pw:[key]@hq', { user: 'me', secret: 'pw', key: 'key' }],
    ['LINE/1', { technology: 'LINE', peer: '1', resource: '1' }],
    ['Local/201@office', { technology: 'LOCAL', number: '201', context: 'office' }],
    ['local/201@office/n', { number: '201', context: 'office', flags: 'n' }],
    ['SIP/211', { technology: 'SIP', peer: '211', number: undefined }],
    ['SIP/backup/123', { peer: 'backup', number: '123' }],
    ['PJSIP/123@backup', { technology: 'SIP', peer: 'backup', number: '123' }],
    ['SIP/me:pw@host/123', { peer: 'host', user: 'me', secret: 'pw', number: '123' }],
    ['PJSIP/t/sip:1@x', { peer: 't', number: 'sip:1@x' }],
  ])('%s', (text, expected) => {
    expect(parseDialTarget(text)).toMatchObject(expected);
  });

  it.each(['', 'x', 'FOO/1', 'LINE/', 'LINE/1a', 'Local/201', 'IAX2/', 'IAX2/me@/1', 'SIP/'])('%j is none', (text) => {
    expect(parseDialTarget(text)).toHaveProperty('error');
  });

  it('never prints its secret', () => {
    const target = parseDialTarget('IAX2/me:geheim@hq/1') as DialTarget;
    expect(`${target}`).toBe('IAX2/me:***@hq/1');
    expect(JSON.stringify({ target, all: [target] })).not.toContain('geheim');
    expect(Object.values(target)).not.toContain('geheim');
    expect(target.resource).toBe('me:geheim@hq/1');
  });

  it.each([
    ['Dial(IAX2/me:pw@hq/1&SIP/a:b@c)', 'Dial(IAX2/me:***@hq/1&SIP/a:***@c)'],
    ['iax2/me:p,w|x@hq', 'iax2/me:***@hq'],
    ['IAX2/me@hq', 'IAX2/me@hq'],
    ['IAX2/me:[key]@hq', 'IAX2/me:[key]@hq'],
    ['IAX2/me:pw:[key]@hq', 'IAX2/me:***:[key]@hq'],
    ['PJSIP/me:pw@hq', 'PJSIP/me:***@hq'],
    ['at 10:00 mail a@b', 'at 10:00 mail a@b'],
    ['SIP/u:an@here@host/2&IAX2/b:c@d/1', 'SIP/u:***@host/2&IAX2/b:***@d/1'],
    ['PJSIP/out/sip:u:deep@host:5060&SIP/2', 'PJSIP/out/sip:u:***@host:5060&SIP/2'],
    ['Transfer(sips:u:deep@host)', 'Transfer(sips:u:***@host)'],
    ['sip:itsp.example:5060 or a@b, sip:u@host:5060', 'sip:itsp.example:5060 or a@b, sip:u@host:5060'],
  ])('in %s is masked', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked);
  });
});
