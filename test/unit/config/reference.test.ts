import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { editorSchema, referencePage } from '../../../src/config/reference.ts';
import { COUNTRIES } from '../../../src/config/schema/country.ts';
import { countryProfile } from '../../../src/lines/country-profile.ts';

const STALE = 'stale: run npx tsx scripts/generate-reference.ts';

function reference(name: string): string {
  return readFileSync(join(import.meta.dirname, '../../../docs/reference', name), 'utf8');
}

describe('the reference', () => {
  test('page is what the schema says', () => {
    expect(reference('configuration.md') === referencePage(), STALE).toBe(true);
  });

  test('schema for editors is what the schema says, and has a description for every section', () => {
    const schema = JSON.parse(editorSchema()) as { properties: Record<string, { description?: string }> };
    expect(JSON.parse(reference('config.schema.json')), STALE).toEqual(schema);
    expect(Object.entries(schema.properties).filter(([, { description }]) => description === undefined)).toEqual([]);
  });
});

test('every country of the schema has its tones', () => {
  expect(COUNTRIES.filter((country) => countryProfile(country) === undefined)).toEqual([]);
});
