import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COUNTRY_TABLE, type CountryRow } from '../../src/lines/country-table.ts';
import { type Asterisk, startAsterisk } from '../support/asterisk.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { describeAsterisk } from '../support/peers.ts';
import { asteriskFolder } from './peers/peer-store.ts';

/** Where we differ on purpose: Asterisk's Japanese ringback adds a tone of 15 Hz, the real one is 400 Hz modulated. */
const OURS = new Set(['jp ring', 'jp callwaiting']);

/** Our columns and Asterisk's names of them. */
const COLUMNS = [
  ['dial', 'dial'],
  ['busy', 'busy'],
  ['ringback', 'ring'],
  ['congestion', 'congestion'],
  ['callWaiting', 'callwaiting'],
  ['stutter', 'stutter'],
] as const;

describeAsterisk('country tones', (version) => {
  let asterisk: Asterisk;

  beforeAll(async () => {
    const table = readFileSync(join(asteriskFolder(version), 'etc/asterisk/indications.conf'), 'utf8');
    asterisk = await startAsterisk({ version, bind: loopbackAddress(9), files: { 'indications.conf': table } });
  });

  afterAll(() => asterisk?.dispose());

  test.each(Object.entries<CountryRow>(COUNTRY_TABLE))(
    'of %s are the ones that Asterisk plays',
    async (country, row) => {
      const shown = await asterisk.cli(`indication show ${country === 'gb' ? 'uk' : country}`);
      const rows = shown.matchAll(/^\w+\s+<?(\w+)>?\s+([!0-9]\S*)$/gm);
      const theirs = new Map([...rows].map(([, name, tone]) => [name, tone]));
      expect(theirs.get('ringcadence')?.replace(/,$/, '')).toBe(row.ring.join(','));
      for (const [ours, name] of COLUMNS) {
        const tone = theirs.get(name);
        if (tone === undefined || OURS.has(`${country} ${name}`)) continue;
        expect(silenceAtEnd(row[ours]), `${country} ${name}`).toBe(silenceAtEnd(tone));
      }
    },
  );
});

/** A tone that is over and one that goes on with silence are the same. */
function silenceAtEnd(tone: string | undefined): string | undefined {
  return tone?.replaceAll(' ', '').replace(/,!?0(\/0)?$/, '');
}
