import { describe, expect, it } from 'vitest';
import { outsidePrefixes } from '../../../src/dialplan/outside-line.ts';
import { parseDialplan } from '../../../src/dialplan/parse.ts';

const prefixes = (...lines: string[]) =>
  outsidePrefixes(
    parseDialplan(`[office]\n${lines.join('\n')}\n[out]\nexten => _0.,1,Dial(LINE/4/\${EXTEN:1})\n`).dialplan,
    'office',
  );

describe('the outside-line prefixes of a context', () => {
  it.each([
    ['what ignorepat names', ['ignorepat => 9'], ['9']],
    ['digits taken off a number of any length', ['exten => _0.,1,Dial(LINE/4/${EXTEN:1})'], ['0']],
    ['two digits', ['exten => _01X.,1,Dial(LINE/4/${EXTEN:2})'], ['01']],
    ['digits before a number of seven or more', ['exten => _9NXXXXXX,1,Dial(SIP/backup/${EXTEN:1},60)'], ['9']],
    ['behind another application', ['exten => _8X!,1,Goto(out,${EXTEN:1},1)'], ['8']],
    ['those of an included context', ['include => out'], ['0']],
    ['both of two', ['ignorepat => 9', 'exten => _0.,1,Dial(LINE/4/${EXTEN:1})'], ['9', '0']],
  ])('are %s', (_, lines, expected) => {
    expect(prefixes(...lines)).toEqual(expected);
  });

  it.each([
    ['extensions elsewhere, which are short', 'exten => _7XXX,1,Dial(IAX2/hq/${EXTEN:1})'],
    ['numbers that go out as they are', 'exten => _0.,1,Dial(LINE/4/${EXTEN})'],
    ['a national prefix that becomes a country code', 'exten => _0ZXXXXXXXX,1,Dial(SIP/backup/33${EXTEN:1})'],
    ['more than is fixed', 'exten => _9X.,1,Dial(LINE/4/${EXTEN:3})'],
    ['a plain extension', 'exten => 9,1,Dial(LINE/4)'],
  ])('are not those of %s', (_, line) => {
    expect(prefixes(line)).toEqual([]);
  });

  it('are none in a context that does not exist', () => {
    expect(outsidePrefixes(parseDialplan('').dialplan, 'nowhere')).toEqual([]);
  });
});
