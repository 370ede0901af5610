import { expect, test } from 'vitest';
import { entriesOf, readAsteriskFile } from '../../../../src/config/asterisk/reader.ts';
import { formatRemark, Remarks } from '../../../../src/config/asterisk/remarks.ts';
import { inMemory } from './office.ts';

function read(files: Readonly<Record<string, string>>) {
  const remarks = new Remarks();
  const sections = readAsteriskFile(inMemory(files), 'a.conf', remarks) ?? [];
  return {
    sections: sections.map((section) => [
      section.isTemplate ? `${section.name}!` : section.name,
      ...entriesOf(section).map(({ key, value }) => `${key}=${value}`),
    ]),
    told: remarks.all().map(formatRemark),
  };
}

test('both = and => separate a name from its value', () => {
  expect(read({ 'a.conf': '[x]\na = 1\nb=>2\nc => =3\nd=' }).sections).toEqual([['x', 'a=1', 'b=2', 'c==3', 'd=']]);
});

test('comments go to the end of the line, or over lines, and nest', () => {
  const text =
    '[x] ; one\na=1;two\n;-- three\nb=2 ;-- four --; c=3\n--; d=4\ne=5 ;-- six --; six\nf=a\\;b\n;--- seven\ng=7';
  expect(read({ 'a.conf': text })).toEqual({ sections: [['x', 'a=1', 'd=4', 'e=5  six', 'f=a;b', 'g=7']], told: [] });
});

test('a comment that is never closed is told with the line in which it begins', () => {
  expect(read({ 'a.conf': '[x]\na=1\n;-- b\nc=2' }).told).toEqual([
    'a.conf:3: the comment that begins here with ;-- is never closed',
  ]);
});

test('a section inherits from templates and from other sections, and can be added to', () => {
  const text = '[t](!)\na=1\n[u](!,t)\nb=2\n[x](u)\nb=3\n[y](x,t)\n[x](+)\nc=4';
  expect(read({ 'a.conf': text }).sections).toEqual([
    ['t!', 'a=1'],
    ['u!', 'a=1', 'b=2'],
    ['x', 'a=1', 'b=2', 'b=3', 'c=4'],
    ['y', 'a=1', 'b=2', 'b=3', 'a=1'],
  ]);
});

test('+= adds to the value before', () => {
  expect(read({ 'a.conf': '[x]\na=1\na+=,2\nb+=3' }).sections).toEqual([['x', 'a=1,2', 'b=3']]);
});

test('an included file goes on with the section, and the section goes on behind it', () => {
  const files = {
    'a.conf': '[x]\na=1\n#include "b.conf"\nc=3\n#include <d/*.conf>\n#tryinclude nowhere.conf',
    'b.conf': 'b=2\n[y]\nd=4',
    'd/1.conf': 'e=5',
    'd/2.conf': 'f=6',
  };
  expect(read(files)).toEqual({
    sections: [
      ['x', 'a=1', 'b=2', 'c=3', 'e=5', 'f=6'],
      ['y', 'd=4'],
    ],
    told: [],
  });
});

test('a file that is not there, that includes itself, or that is a program is told', () => {
  const files = {
    'a.conf': '[x]\n#include b.conf\n#include c.conf\n#exec /bin/ls\n#if 0',
    'b.conf': '#include a.conf',
  };
  expect(read(files).told).toEqual([
    'b.conf:1: a.conf includes itself; the second time is passed over',
    'a.conf:3: c.conf does not exist; what it holds is missing',
    'a.conf:4: #exec runs a program; run it, and write what it prints in its place',
    'a.conf:5: there is no directive #if; Asterisk passes over it, too',
  ]);
});

test('lines that mean nothing are told, the others count', () => {
  const text = 'z=0\n[x\n[x]\nnothing\n=1\na=1\n[y](+)\nb=2\n[z](nobody)\nc=3\r';
  expect(read({ 'a.conf': text })).toEqual({
    sections: [
      ['x', 'a=1'],
      ['y', 'b=2'],
      ['z', 'c=3'],
    ],
    told: [
      'a.conf:1: it stands before the first [section]',
      'a.conf:2: the name of the section has no closing bracket; what follows is taken for the one before',
      "a.conf:4: it is neither a section nor a 'key = value'; Asterisk passes over it, too",
      "a.conf:5: it is neither a section nor a 'key = value'; Asterisk passes over it, too",
      'a.conf:7: there is no section [y] above that (+) could add to; it begins here',
      'a.conf:9: there is no section [nobody] above to inherit from',
    ],
  });
});

test('a line that is longer than Asterisk reads is passed over, however long it is', () => {
  const text = `[x]\na=${'y'.repeat(20_000_000)}\nb=2`;
  expect(read({ 'a.conf': text })).toEqual({
    sections: [['x', 'b=2']],
    told: ['a.conf:2: the line is too long; Asterisk passes over it, too'],
  });
});

test('files that include each other by patterns, and templates that double, come to an end', () => {
  const names = Array.from({ length: 40 }, (_, i) => `d/${i}.conf`);
  const doubled = Array.from({ length: 40 }, (_, i) => `[t${i + 1}](t${i},t${i})`).join('\n');
  const files = {
    'a.conf': `[t0]\na=1\n${doubled}\n#include d/*`,
    ...Object.fromEntries(names.map((name) => [name, '#include d/*'])),
  };
  const started = performance.now();
  expect(read(files).told.length).toBeGreaterThan(0);
  expect(performance.now() - started).toBeLessThan(10_000);
});
