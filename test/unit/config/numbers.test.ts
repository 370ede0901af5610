import { describe, expect, it } from 'vitest';
import { traceRoute } from '../../../src/dialplan/trace.ts';
import { testEnvironment } from '../dialplan/support.ts';
import { load, problemsOf } from './example.ts';

const BASE = `site: { id: a, country: fr }
hat:
  port: emulator
  lines:
    - { port: 1, kind: fxs, extension: "201", context: office }
    - { port: 2, kind: fxs, extension: "202" }
sip: { phones: { "211": { context: phones } } }
conferences: { "600": {}, "*61": { pin: "1234" } }
groups: { "220": ["201", "211"] }
`;
const DIALPLAN = `dialplan: |
  [office]
  exten => 201,1,Dial(LINE/1)
  exten => 220,1,Busy
  [phones]
  exten => 202,1,Dial(LINE/2)
  [from-hq]
  exten => 201,1,Dial(LINE/1)
`;

function applicationOf(text: string, context: string, number: string): string | undefined {
  const found = load(text).dialplan?.find(context, number, 1);
  return found === undefined ? undefined : `${found.priority.application}(${found.priority.data})`;
}

describe('the numbers of conferences and groups', () => {
  it('can be dialled from every telephone', () => {
    expect(applicationOf(BASE + DIALPLAN, 'office', '600')).toBe('ConfBridge(600)');
    expect(applicationOf(BASE + DIALPLAN, 'phones', '*61')).toBe('ConfBridge(*61)');
    expect(applicationOf(BASE + DIALPLAN, 'phones', '220')).toBe('Dial(${DEVICE(201)}&${DEVICE(211)},60)');
  });

  it('give way to what is written', () => {
    expect(applicationOf(BASE + DIALPLAN, 'office', '220')).toBe('Busy()');
  });

  it('are known to DEVICE(), for what is written comes before them', () => {
    const { dialplan } = load(
      `${BASE}${DIALPLAN.replace(/exten => 220.*/, 'exten => _2XX,1,Dial(${DEVICE(${EXTEN})},20)')}`,
    );
    const devices = (extension: string) => ({ 201: ['LINE/1'], 211: ['SIP/211'] })[extension] ?? [];
    const steps = traceRoute(dialplan!, 'office', '220', { ...testEnvironment(), devices });
    expect(steps[0]).toMatchObject({ application: 'Dial', args: 'LINE/1&SIP/211,20' });
  });

  it('need no dialplan', () => {
    expect(
      applicationOf(BASE.replace(', context: office', '').replace('{ context: phones }', '{}'), 'default', '600'),
    ).toBe('ConfBridge(600)');
  });

  it('are no numbers for calls from elsewhere', () => {
    expect(applicationOf(BASE + DIALPLAN, 'from-hq', '600')).toBeUndefined();
  });
});

describe('check', () => {
  const office = (extension: string, more = '') =>
    problemsOf(`${BASE}${more}${DIALPLAN.replace(/exten => 220.*/, () => extension)}`).filter((it) =>
      it.includes('is not reached'),
    );

  it.each([
    [
      'a conference',
      'exten => _6XX,1,Dial(LINE/1)',
      '8:23: warning: "600" is not reached from context office: _6XX of the dialplan comes before it; write an extension 600 there',
    ],
    [
      'a group',
      'exten => _2XX,1,Dial(LINE/1)',
      '9:18: warning: "220" is not reached from context office: _2XX of the dialplan comes before it; write an extension 220 there',
    ],
  ])('warns of %s that a pattern keeps telephones from', (_, extension, expected) => {
    expect(office(extension)).toEqual([expected]);
  });

  it('warns of codes, and of the slots of parked calls', () => {
    const features = 'features: { contexts: [office], park: "700", dnd: "*78" }\n';
    expect(office('exten => _7XXX,1,Dial(LINE/1)', features)).toEqual([
      '10:39: warning: "7000" is not reached from context office: _7XXX of the dialplan comes before it; write an extension 7000 there',
    ]);
    expect(office('exten => _*X.,1,Dial(LINE/1)', features)).toEqual([
      '8:34: warning: "*61" is not reached from context office: _*X. of the dialplan comes before it; write an extension *61 there',
      '10:51: warning: "*78" is not reached from context office: _*X. of the dialplan comes before it; write an extension *78 there',
    ]);
  });

  it.each([
    ['what is written for that number', 'exten => 600,1,Busy'],
    ['a pattern that dials the group by DEVICE()', 'exten => _2XX,1,Dial(${DEVICE(${EXTEN})},20)'],
    ['a context that is included, whose pattern comes later', 'include => from-hq'],
  ])('says nothing of %s', (_, extension) => {
    expect(office(extension)).toEqual([]);
  });
});

describe('the codes of features', () => {
  const codes = 'features: { contexts: [office], dnd: "*78" }\n';

  it('can be dialled in the contexts that are named', () => {
    expect(applicationOf(BASE + codes + DIALPLAN, 'office', '*78')).toBe('DoNotDisturb()');
    expect(applicationOf(BASE + codes + DIALPLAN, 'phones', '*78')).toBeUndefined();
  });

  it('pick up at every telephone and group by its number', () => {
    const pickup = 'features: { contexts: [office], pickup: "*8" }\n';
    expect(applicationOf(BASE + pickup + DIALPLAN, 'office', '*8')).toBe('Pickup()');
    expect(applicationOf(BASE + pickup + DIALPLAN, 'office', '*8211')).toBe('Pickup(211)');
    expect(applicationOf(BASE + pickup + DIALPLAN, 'office', '*8220')).toBe('Pickup(201&211)');
  });

  it('take a number behind them where they need one', () => {
    const forward = 'features: { contexts: [office], forward: "*72", forwardBusy: "*90" }\n';
    expect(applicationOf(BASE + forward + DIALPLAN, 'office', '*72')).toBe('CallForward(always)');
    expect(applicationOf(BASE + forward + DIALPLAN, 'office', '*907123')).toBe('CallForward(busy,${EXTEN:3})');
  });

  it('park by the code alone and retrieve with a slot behind it', () => {
    const park = 'features: { contexts: [office], park: "700" }\n';
    expect(applicationOf(BASE + park + DIALPLAN, 'office', '700')).toBe('Park()');
    expect(applicationOf(BASE + park + DIALPLAN, 'office', '7000')).toBe('ParkedCall()');
    expect(applicationOf(BASE + park + DIALPLAN, 'office', '7009')).toBe('ParkedCall(${EXTEN:3})');
  });

  it('give way to what is written, also to a pattern', () => {
    const written = DIALPLAN.replace('[office]', '[office]\n  exten => _*7X,1,Busy');
    expect(applicationOf(BASE + codes + written, 'office', '*78')).toBe('Busy()');
  });
});
