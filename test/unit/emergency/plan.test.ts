import { describe, expect, it } from 'vitest';
import { COUNTRIES as CONFIGURED } from '../../../src/config/schema/country.ts';
import { EMERGENCY_NUMBERS } from '../../../src/emergency/numbers.ts';
import { EmergencyPlan, type EmergencySettings } from '../../../src/emergency/plan.ts';
import { traceEmergency } from '../../../src/emergency/trace.ts';
import { COUNTRIES } from '../../../src/lines/country-profile.ts';

const NOTHING: EmergencySettings = {
  country: 'fr',
  numbers: [],
  townLines: [],
  via: [],
  otherTrunks: [],
  notify: [],
};

const plan = (settings: Partial<EmergencySettings> = {}) => new EmergencyPlan({ ...NOTHING, ...settings });

describe('the emergency numbers', () => {
  it('are there for every country that a line or a configuration can have', () => {
    expect(Object.keys(EMERGENCY_NUMBERS).sort()).toEqual([...COUNTRIES].sort());
    expect(Object.keys(EMERGENCY_NUMBERS).sort()).toEqual([...CONFIGURED].sort());
  });

  it('are those that everybody there knows', () => {
    expect(EMERGENCY_NUMBERS.us).toEqual(['911']);
    expect(EMERGENCY_NUMBERS.gb).toEqual(expect.arrayContaining(['999', '112']));
    expect(EMERGENCY_NUMBERS.fr).toEqual(
      expect.arrayContaining(['15', '17', '18', '112', '114', '115', '119', '191', '196']),
    );
    expect(EMERGENCY_NUMBERS.jp).toEqual(['110', '118', '119']);
    const european = [
      'at',
      'be',
      'ch',
      'de',
      'dk',
      'es',
      'fi',
      'fr',
      'gb',
      'it',
      'nl',
      'no',
      'pl',
      'pt',
      'se',
    ] as const;
    for (const country of european) expect(EMERGENCY_NUMBERS[country]).toContain('112');
  });

  it('are digits, each once', () => {
    for (const numbers of Object.values(EMERGENCY_NUMBERS)) {
      expect(new Set(numbers).size).toBe(numbers.length);
      for (const number of numbers) expect(number).toMatch(/^[0-9]{2,6}$/);
    }
  });
});

describe('a plan', () => {
  it('has the numbers of the country and those that are added, and none fewer', () => {
    const { numbers } = plan({ numbers: ['3114', '112'] });
    expect(numbers).toEqual([...EMERGENCY_NUMBERS.fr, '3114']);
  });

  it('says of digits whether they are an emergency number, or the beginning of one', () => {
    const it = plan();
    expect(it.lookUp('112', [])).toEqual({ match: { number: '112', isTest: false }, canGrow: false });
    expect(it.lookUp('11', [])).toEqual({ match: undefined, canGrow: true });
    expect(it.lookUp('1', [])).toEqual({ match: undefined, canGrow: true });
    expect(it.lookUp('2', [])).toEqual({ match: undefined, canGrow: false });
    expect(it.lookUp('1120', [])).toEqual({ match: undefined, canGrow: false });
  });

  it('takes an outside-line prefix off', () => {
    const it = plan({ country: 'us' });
    expect(it.lookUp('9911', ['9'])).toEqual({ match: { number: '911', isTest: false }, canGrow: false });
    expect(it.lookUp('9', ['9'])).toEqual({ match: undefined, canGrow: true });
    expect(it.lookUp('9911', [])).toEqual({ match: undefined, canGrow: false });
  });

  it('knows the number for trying the way out', () => {
    expect(plan({ country: 'us' }).lookUp('933', [])).toEqual({
      match: { number: '933', isTest: true },
      canGrow: false,
    });
  });

  it('puts town lines before everything else, then the ways as written, then other trunks, each once', () => {
    const { ways } = plan({
      townLines: ['LINE/3', 'LINE/4'],
      via: [{ channel: 'IAX2/hq', callerId: '+33472000001' }, { channel: 'LINE/4' }, { channel: 'SIP/backup' }],
      otherTrunks: ['IAX2/hq', 'IAX2/other'],
    });
    expect(ways).toEqual([
      { channel: 'LINE/4' },
      { channel: 'LINE/3' },
      { channel: 'IAX2/hq', callerId: '+33472000001' },
      { channel: 'SIP/backup' },
      { channel: 'IAX2/other' },
    ]);
  });

  it('can be traced', () => {
    const it = plan({ townLines: ['LINE/4'], via: [{ channel: 'IAX2/hq', callerId: '+33472000001' }] });
    expect(traceEmergency(it, '0112', ['0'])?.map(({ args, outcome }) => `${args} ${outcome}`)).toEqual([
      'LINE/4/112 calls the town line; if every town line is in use, one is taken over',
      'IAX2/hq/112 calls as +33472000001',
      ' an emergency call: the ways are tried again until one answers or the caller hangs up',
    ]);
    expect(traceEmergency(it, '201', ['0'])).toBeUndefined();
    expect(traceEmergency(plan(), '112', [])?.[0]?.outcome).toBe('an emergency call: no way leads out');
  });
});
