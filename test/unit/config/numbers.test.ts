import { describe, expect, it } from 'vitest';
import { load } from './example.ts';

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

  it('need no dialplan', () => {
    expect(
      applicationOf(BASE.replace(', context: office', '').replace('{ context: phones }', '{}'), 'default', '600'),
    ).toBe('ConfBridge(600)');
  });

  it('are no numbers for calls from elsewhere', () => {
    expect(applicationOf(BASE + DIALPLAN, 'from-hq', '600')).toBeUndefined();
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
