import { describe, expect, it } from 'vitest';
import { NumberingPlan, permits, stricter } from '../../../src/dialplan/numbering-plan.ts';
import { NUMBERING_TABLE } from '../../../src/dialplan/numbering-table.ts';
import { COUNTRIES } from '../../../src/lines/country-profile.ts';

const classOf = (country: string, number: string, local: readonly string[] = []) =>
  new NumberingPlan(country, local).classOf(number);
const onTownLine = (country: string, number: string) => new NumberingPlan(country).classOf(number, { isOverlap: true });

describe('a numbering plan', () => {
  it('is there for every country that lines have a profile of', () => {
    expect(Object.keys(NUMBERING_TABLE).sort()).toEqual([...COUNTRIES].sort());
  });

  it.each([
    ['fr', '0033123456789', 'international'],
    ['fr', '+4420794600', 'international'],
    ['fr', '+33472000001', 'national'],
    ['fr', '0472000001', 'national'],
    ['fr', '7123', 'local'],
    ['fr', '0', 'local'],
    ['de', '123456', 'local'],
    ['de', '030123456', 'national'],
    ['de', '0103300441632960', 'international'],
    ['de', '01033030123456', 'national'],
    ['us', '5550123', 'local'],
    ['us', '2125550123', 'national'],
    ['us', '12125550123', 'national'],
    ['us', '18765550123', 'international'],
    ['us', '8765550123', 'international'],
    ['us', '14165550123', 'international'],
    ['us', '011442079460000', 'international'],
    ['us', '101028801144207946', 'international'],
    ['es', '910123456', 'national'],
    ['ru', '84951234567', 'national'],
    ['ru', '810442079460000', 'international'],
    ['jp', '010442079460000', 'international'],
    ['au', '0011442079460000', 'international'],
    ['au', '0290000000', 'national'],
  ])('of %s says that %s is %s', (country, number, expected) => {
    expect(classOf(country, number)).toBe(expected);
  });

  it('judges every number that stands in a code: *21* forwards calls to it, *67 may stand right before it', () => {
    expect(classOf('fr', '*21*0044207946000#')).toBe('international');
    expect(classOf('fr', '*98')).toBe('local');
    expect(classOf('us', '*6718765550123')).toBe('international');
  });

  it('takes numbers with a beginning that the site names for local', () => {
    expect(classOf('fr', '0472000001', ['0472'])).toBe('local');
    expect(classOf('fr', '+33472000001', ['0472'])).toBe('local');
    expect(classOf('fr', '0033472000001', ['0472'])).toBe('international');
    expect(classOf('fr', '0102030405', ['0472'])).toBe('national');
    expect(classOf('us', '12125550123', ['212'])).toBe('local');
    expect(classOf('us', '18765550123', ['876'])).toBe('international');
  });

  it('counts what could still become a number abroad as one where an exchange listens to further digits', () => {
    expect(onTownLine('fr', '0')).toBe('international');
    expect(onTownLine('fr', '01')).toBe('national');
    expect(onTownLine('fr', '12')).toBe('local');
    expect(onTownLine('us', '1')).toBe('international');
    expect(onTownLine('us', '187')).toBe('international');
    expect(onTownLine('us', '1212')).toBe('national');
    expect(onTownLine('fr', '*21')).toBe('international');
  });
});

describe('a class of service', () => {
  it('has the classes before it in it', () => {
    expect(permits('national', 'local')).toBe(true);
    expect(permits('national', 'international')).toBe(false);
    expect(permits(undefined, 'international')).toBe(true);
  });

  it('is the stricter one of two parties that act together', () => {
    expect(stricter('national', 'local')).toBe('local');
    expect(stricter('local', 'international')).toBe('local');
    expect(stricter(undefined, 'national')).toBe('national');
    expect(stricter('national', undefined)).toBe('national');
    expect(stricter(undefined, undefined)).toBeUndefined();
  });
});
