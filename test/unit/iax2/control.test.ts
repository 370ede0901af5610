import { describe, expect, it } from 'vitest';
import { utf8Encode } from '../../../src/base/bytes.ts';
import { meaningOfControl } from '../../../src/iax2/control.ts';
import { CONTROL_SUBCLASS } from '../../../src/iax2/subclass.ts';

const NONE = new Uint8Array(0);

describe('control frames [RFC5456 §6.3.1] [RFC5456 §6.3.2] [RFC5456 §8.3]', () => {
  it.each([
    ['RINGING', { type: 'ringing' }],
    ['PROGRESS', { type: 'progress' }],
    ['PROCEEDING', { type: 'proceeding' }],
    ['BUSY', { type: 'busy' }],
    ['CONGESTION', { type: 'congestion' }],
    ['ANSWER', 'answer'],
  ] as const)('%s means something only to the side that placed the call', (name, meaning) => {
    expect(meaningOfControl(CONTROL_SUBCLASS[name], NONE, true)).toEqual(meaning);
    expect(meaningOfControl(CONTROL_SUBCLASS[name], NONE, false)).toBe('nothing');
  });

  it.each(['SRCUPDATE', 'TRANSFER', 'CC', 'SRCCHANGE', 'READ_ACTION', 'END_OF_Q', 'T38'] as const)(
    '%s concerns the inside of a switch',
    (name) => {
      expect(meaningOfControl(CONTROL_SUBCLASS[name], NONE, true)).toBe('nothing');
    },
  );

  it('what is beyond the last known number means nothing', () => {
    expect(meaningOfControl(32, NONE, true)).toBe('nothing');
  });

  it('HOLD tells the class of music, whether it ends in a NUL or not', () => {
    for (const text of ['jazz', 'jazz\0'])
      expect(meaningOfControl(CONTROL_SUBCLASS.HOLD, utf8Encode(text), false)).toEqual({
        type: 'hold',
        musicClass: 'jazz',
      });
  });

  it.each([
    'STOP_SOUNDS',
    'RADIO_KEY',
    'RADIO_UNKEY',
    'OPTION',
    'WINK',
    'CONNECTED_LINE',
    'REDIRECTING',
    'AOC',
  ] as const)('%s is passed on untouched', (name) => {
    const payload = Uint8Array.of(1, 2, 3);
    const subclass = CONTROL_SUBCLASS[name];
    expect(meaningOfControl(subclass, payload, true)).toEqual({ type: 'control', subclass, payload });
  });
});
