import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { conformance, conformancePage, sectionsIn, stateOf } from '../../../scripts/conformance.ts';

const { rows, strayTags } = conformance();

describe('the conformance table', () => {
  test('is what the tags say', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/iax2-conformance.md'), 'utf8');
    expect(page === conformancePage(), 'stale: run npx tsx scripts/generate-conformance.ts').toBe(true);
  });

  test('has a test for every section that is done', () => {
    const untested = rows.filter((row) => stateOf(row) !== 'not done' && row.tests.length === 0);
    expect(untested.map(({ section, what }) => `${section} ${what}`)).toEqual([]);
  });

  test('has each section once, in the order of the RFC', () => {
    const sections = rows.map(({ section }) => section);
    const numbers = (section: string) =>
      section
        .split('.')
        .map((part) => part.padStart(3, '0'))
        .join('.');
    expect(sections).toEqual([...new Set(sections)].sort((a, b) => (numbers(a) < numbers(b) ? -1 : 1)));
  });

  test('has a row for every tag, so that no tag names a section that asks nothing', () => {
    expect(strayTags).toEqual([]);
  });
});

describe('tags', () => {
  const tag = (sections: string) => `a rule [${'RFC5456'} ${sections}]`;

  test('name one section, or a range', () => {
    expect([...sectionsIn(`${tag('§7')} ${tag('§8.1.3.2')}`)]).toEqual(['7', '8.1.3.2']);
    expect([...sectionsIn(tag('§8.6.9–8.6.12'))]).toEqual(['8.6.9', '8.6.10', '8.6.11', '8.6.12']);
  });

  test('in another form are none', () => {
    expect([...sectionsIn(`RFC5456 §7 ${tag('§6.2, §6.3')}`)]).toEqual([]);
  });
});
