import { expect, test } from 'vitest';
import { EnrolmentKeys } from '../../src/enrolment-keys.ts';
import { makeCode } from '../../src/status/enrolment.ts';

const CODE = makeCode('4821', () => 7).digits;

function typed(keys: EnrolmentKeys, text: string, nowMs = 0): void {
  for (const key of text) {
    keys.handleKey(key, 'down', nowMs);
    keys.handleKey(key, 'up', nowMs);
  }
}

const colours = (keys: EnrolmentKeys) => [1, 2, 3, 4].map((led) => keys.light(led, 'no-code').colour);

test('sixteen digits are a code, and an LED lights up for each four of them', () => {
  const keys = new EnrolmentKeys();
  expect(colours(keys)).toEqual(['amber', 'amber', 'amber', 'amber']);
  typed(keys, CODE.slice(0, 7));
  expect(colours(keys)).toEqual(['white', 'off', 'off', 'off']);
  typed(keys, CODE.slice(7, 15));
  expect(colours(keys)).toEqual(['white', 'white', 'white', 'off']);
  expect(keys.poll()).toBeUndefined();
  typed(keys, CODE.slice(15));
  expect(keys.poll()).toEqual({ number: '4821', digits: CODE });
  expect(keys.nextDeadline()).toBeUndefined();
});

test('a slip shows red until the next key, and is no code', () => {
  const keys = new EnrolmentKeys();
  typed(keys, CODE.slice(0, 15) + ((Number(CODE[15]) + 1) % 10));
  expect(keys.poll()).toBeUndefined();
  expect(colours(keys)).toEqual(['red', 'red', 'red', 'red']);
  typed(keys, '4');
  expect(colours(keys)).toEqual(['off', 'off', 'off', 'off']);
});

test('* begins anew, letters and # are passed over, a held key counts once', () => {
  const keys = new EnrolmentKeys();
  typed(keys, '99*A#');
  keys.handleKey('4', 'down', 0);
  keys.handleKey('4', 'long', 1_000);
  typed(keys, CODE.slice(1), 2_000);
  expect(keys.poll()?.digits).toBe(CODE);
});

test('whoever goes away in the middle has a minute', () => {
  const keys = new EnrolmentKeys();
  typed(keys, '48', 1_000);
  expect(keys.nextDeadline()).toBe(61_000);
  keys.handleTimeout(61_000);
  typed(keys, CODE, 62_000);
  expect(keys.poll()?.digits).toBe(CODE);
});
