import { describe, expect, it } from 'vitest';
import { emergencyPlan } from '../../../src/config/emergency.ts';
import { load, problemsOf } from './example.ts';

const office = (country: string, more = '', dialplan = '') => `site: { id: a, country: ${country} }
hat: { port: emulator, lines: [{ port: 1, kind: fxs, context: c, extension: "201" }] }
iax2: { peers: { hq: { type: friend, host: h, secret: s, context: in, register: { refresh: 60s } } } }
${more}dialplan: |
  [c]
${dialplan.replace(/^(?=.)/gm, '  ')}
  [in]
  exten => 112,1,Hangup
`;

describe('check', () => {
  it.each([
    [
      'refuses a group that has an emergency number',
      office('fr', 'groups: { "112": ["201"] }\n'),
      '4:18: "112" is an emergency number here and calls nothing else; the ways of emergency calls are in emergency.via',
    ],
    [
      'refuses a telephone that has one which was added',
      office('fr', 'emergency: { numbers: ["201"] }\n'),
      '2:77: "201" is an emergency number here and calls nothing else; the ways of emergency calls are in emergency.via',
    ],
    [
      'refuses an extension of the dialplan that no telephone could reach',
      office('us', '', 'exten => 911,1,Dial(IAX2/hq/911)'),
      '6:18: "911" is an emergency number here and calls nothing else; the ways of emergency calls are in emergency.via',
    ],
    [
      'refuses one behind an outside-line prefix',
      office('us', '', 'ignorepat => 9\nexten => _9911,1,Dial(IAX2/hq/911)'),
      '7:20: "9911" is an emergency number here and calls nothing else; the ways of emergency calls are in emergency.via',
    ],
    [
      'warns of a conference that begins with one',
      office('gb', 'conferences: { "9990": {} }\n'),
      '4:24: warning: "9990" begins with the emergency number 999; whoever pauses for 3 s behind it makes an emergency call',
    ],
    [
      'refuses an extension of the dialplan that no telephone could reach',
      office('us', '', 'exten => 9115,1,Echo'),
      '6:19: warning: "9115" begins with the emergency number 911; whoever pauses for 3 s behind it makes an emergency call',
    ],
    [
      'warns of a way out that has no codec of lines',
      office('fr').replace('secret: s,', 'secret: s, codecs: [g729, h264],'),
      '3:66: warning: IAX2/hq has neither ulaw nor alaw: an emergency call of a line, or of a phone without its codecs, cannot go that way',
    ],
    [
      'refuses a way out that ends at a telephone on a line',
      office('fr', 'emergency: { via: [LINE/1] }\n'),
      '4:20: LINE/1 is a telephone of this office, and would swallow the emergency call; allowed: a LINE of kind fxo, IAX2/<peer>, SIP/<trunk>',
    ],
    [
      'refuses a way out that ends at a SIP phone',
      office('fr', 'sip: { phones: { "211": { secret: s, context: c } } }\nemergency: { via: [SIP/211] }\n'),
      '5:20: SIP/211 is a telephone of this office, and would swallow the emergency call; allowed: a LINE of kind fxo, IAX2/<peer>, SIP/<trunk>',
    ],
    [
      'refuses a way out to a peer that only calls us',
      office('fr', 'emergency: { via: [IAX2/hq] }\n')
        .replace('type: friend, host: h', 'type: user')
        .replace(', register: { refresh: 60s }', ''),
      '4:20: IAX2/hq is of type user: it calls us, we do not call it',
      '9:18: "112" is an emergency number here and calls nothing else; the ways of emergency calls are in emergency.via',
    ],
    [
      'warns of one that is named',
      office('fr', 'sip: { trunks: { b: { registrar: "sip:h", codecs: [g729] } } }\nemergency: { via: [SIP/b] }\n'),
      '4:51: warning: SIP/b has neither ulaw nor alaw: an emergency call of a line, or of a phone without its codecs, cannot go that way',
    ],
  ])('%s', (_, text, ...expected) => {
    const found = problemsOf(text).filter((line) => !line.includes('not available in this version'));
    expect(found).toEqual(expected);
  });

  it('lets calls from a centre have the numbers of telephones here', () => {
    expect(problemsOf(office('fr'))).toEqual([]);
  });
});

describe('the plan of a configuration', () => {
  it('is there without being asked for: town lines, then trunks that are registered', () => {
    const { configuration } = load(
      office('fr').replace('extension: "201" }]', 'extension: "201" }, { port: 4, kind: fxo, context: in }]'),
    );
    const plan = emergencyPlan(configuration!);
    expect(plan.ways).toEqual([{ channel: 'LINE/4' }, { channel: 'IAX2/hq' }]);
    expect(plan.lookUp('15', []).match).toEqual({ number: '15', isTest: false });
    expect(plan.notify).toEqual([]);
  });

  it('has the ways and callers as written, and tells whom it is to tell', () => {
    const more =
      'emergency: { numbers: ["3114"], via: [{ channel: IAX2/hq, callerId: "+33472000001" }, SIP/b], notify: [mqtt, "201"] }\n';
    const trunk = 'sip: { trunks: { b: { registrar: "sip:h" } } }\n';
    const plan = emergencyPlan(load(office('fr', trunk + more)).configuration!);
    expect(plan.ways).toEqual([{ channel: 'IAX2/hq', callerId: '+33472000001' }, { channel: 'SIP/b' }]);
    expect(plan.notify).toEqual(['201']);
  });
});
