import { expect, it } from 'vitest';
import { sentencesOf, withStatusNumber } from '../../src/appliance-announcer.ts';

const NONE = { exists: false, canExist: false, matchMore: false, ignorePattern: false };

it('the status number is collected star by star, and complete with the third', () => {
  expect(withStatusNumber(NONE, '*')).toMatchObject({ exists: false, canExist: true, matchMore: true });
  expect(withStatusNumber(NONE, '**')).toMatchObject({ exists: false, canExist: true, matchMore: true });
  expect(withStatusNumber(NONE, '***')).toMatchObject({ exists: true, matchMore: false });
  for (const digits of ['', '1', '****', '**1']) expect(withStatusNumber(NONE, digits)).toBe(NONE);
});

it('an extension *** of the dialplan wins over it, and a longer one keeps it waiting', () => {
  const written = { exists: true, canExist: true, matchMore: false, ignorePattern: false };
  expect(withStatusNumber(written, '***')).toBe(written);
  const longer = { ...NONE, canExist: true, matchMore: true };
  expect(withStatusNumber(longer, '***')).toMatchObject({ exists: true, matchMore: true });
});

it('says what needs somebody, and nothing of a centre where there is none', () => {
  const said = sentencesOf({
    ...{ version: '0.1.0-rc1', addresses: ['fe80::1'], isCentreReached: undefined, isNight: true },
    ...{ calls: 12, offHook: [3] },
  });
  expect(said.map((words) => words.join(' '))).toEqual([
    'night service on',
    'one two calls',
    'line three is off the hook',
    'no address',
    'version zero point one point zero one',
  ]);
});
