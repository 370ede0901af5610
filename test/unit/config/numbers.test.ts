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
