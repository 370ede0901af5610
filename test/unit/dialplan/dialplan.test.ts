import { describe, expect, it } from 'vitest';
import { load, testEnvironment } from './support.ts';

const OFFICE = `[office]
exten => _2XX,1,Dial(LINE/1)
exten => 201,1,Dial(LINE/2)
exten => 0,1,NoOp
exten => _9.,1,NoOp
exten => _8!,1,NoOp
exten => 777,hint,LINE/1
ignorepat => 9
include => more
[more]
exten => _3XX,1,NoOp
exten => 2011,1,NoOp
include => office
`;

/** `exists can more ignore` in letters. */
function lookup(text: string, context: string, number: string, at = {}): string {
  const { exists, canExist, matchMore, ignorePattern } = load(text).lookup(context, number, at);
  return `${exists ? 'E' : '-'}${canExist ? 'C' : '-'}${matchMore ? 'M' : '-'}${ignorePattern ? 'I' : '-'}`;
}

describe('a lookup', () => {
  it.each([
    ['', '-CM-'],
    ['2', '-CM-'],
    ['20', '-CM-'],
    ['201', 'ECM-'],
    ['202', 'EC--'],
    ['2011', 'EC--'],
    ['2012', '----'],
    ['0', 'EC--'],
    ['9', '-CMI'],
    ['91', 'ECM-'],
    ['8', 'EC--'],
    ['81', 'EC--'],
    ['3', '-CM-'],
    ['333', 'EC--'],
    ['7', '----'],
    ['777', '----'],
    ['h', '----'],
  ])('of %j: %s', (number, expected) => {
    expect(lookup(OFFICE, 'office', number)).toBe(expected);
  });

  it('finds nothing in a context that does not exist', () => {
    expect(lookup(OFFICE, 'nowhere', '201')).toBe('----');
  });

  it('follows timed includes by the clock, and always without one', () => {
    const text = '[a]\ninclude => day,8:00-18:00,*,*,*\n[day]\nexten => 1,1,NoOp\n';
    const environment = testEnvironment();
    expect(lookup(text, 'a', '1', { clock: environment.clock })).toBe('----');
    expect(lookup(text, 'a', '1', { clock: environment.clock, atMs: environment.nowMs - 6 * 3_600_000 })).toBe('EC--');
    expect(lookup(text, 'a', '1')).toBe('EC--');
  });

  it('matches the caller where an extension asks for one', () => {
    const text =
      '[a]\nexten => 1/201,1,NoOp(alice)\nexten => 1/_3XX,1,NoOp(three)\nexten => 1/,1,NoOp(nobody)\nexten => 2,1,NoOp\n';
    const dialplan = load(text);
    const data = (caller: string): string | undefined => dialplan.find('a', '1', 1, { caller })?.priority.data;
    expect(['201', '301', '', '999'].map(data)).toEqual(['alice', 'three', 'nobody', undefined]);
  });

  it('takes the next best match that has the priority', () => {
    const text =
      '[a]\nexten => _16X,1,NoOp(first)\nexten => _1[67].,2,NoOp(second)\nexten => 161,2,NoOp(literal)\nexten => _16.,3,NoOp(third)\n';
    const dialplan = load(text);
    const path = (number: string): unknown[] =>
      [1, 2, 3, 4].map((priority) => dialplan.find('a', number, priority)?.priority.data);
    expect(path('160')).toEqual(['first', 'second', 'third', undefined]);
    expect(path('161')).toEqual(['first', 'literal', 'third', undefined]);
  });

  it('finds labels wherever the number matches', () => {
    const dialplan = load('[a]\nexten => _1X,1,NoOp\nexten => _X.,5(there),NoOp\n');
    expect(dialplan.find('a', '12', 'there')?.priority.number).toBe(5);
    expect(dialplan.find('a', '12', 'nowhere')).toBeUndefined();
  });

  it('stops waiting for digits at an early match, whatever comes after it', () => {
    expect(lookup('[a]\nexten => _1!,1,NoOp\nexten => _1XXX.,1,NoOp\n', 'a', '12')).toBe('ECM-');
    expect(lookup('[a]\nexten => _12!,1,NoOp\nexten => _1XXX.,1,NoOp\n', 'a', '12')).toBe('EC--');
  });

  it('searches own extensions before included ones, and in the order of the includes', () => {
    const text =
      '[a]\ninclude => c\ninclude => b\nexten => _1X,1,NoOp(a)\n[b]\nexten => 12,1,NoOp(b)\nexten => 5,1,NoOp(b)\n[c]\nexten => _X,1,NoOp(c)\n';
    const dialplan = load(text);
    expect(dialplan.find('a', '12', 1)?.priority.data).toBe('a');
    expect(dialplan.find('a', '5', 1)?.priority.data).toBe('c');
    expect(dialplan.find('a', '5', 1)?.context.name).toBe('c');
  });

  it('survives contexts that include each other', () => {
    const names = ['a', 'b', 'c', 'd'];
    const text = names.map((name) => `[${name}]\n${names.map((other) => `include => ${other}\n`).join('')}`).join('');
    expect(lookup(`${text}exten => 7,1,NoOp\n`, 'a', '7')).toBe('EC--');
  });

  it('collects the switches on the way and the hints', () => {
    const dialplan = load(
      '[a]\ninclude => b\nswitch => IAX2/one\n[b]\nswitch => IAX2/two\nexten => _7XX,hint,LINE/3\n',
    );
    expect(dialplan.switches('a').map((it) => it.data)).toEqual(['one', 'two']);
    expect(dialplan.hint('a', '712')).toBe('LINE/3');
    expect(dialplan.hint('a', '812')).toBeUndefined();
  });
});
