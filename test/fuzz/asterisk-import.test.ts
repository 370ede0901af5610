import { expect, test } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import { FUZZ_MS, FUZZ_SEED } from '../support/fuzz.ts';
import { importOffice } from '../unit/config/asterisk/office.ts';
import { PHONE_SECRET, wholeOffice } from '../unit/config/asterisk/whole-office.ts';

const SECRET = 'secret-of-branch-1';
const PIECES =
  '[x] [x](!) [office](+) [y](x,+) #include #exec ; ;-- --; \\; = => += exten same => include switch n 1 hint s _X. _[ $ {EXTEN $[ ] } ' +
  '( ) , | & Dial( Goto( DAHDI/1 Zap/g0/ SIP/ PJSIP/a@b IAX2/u:p@h/1 Local/ LINE/ type=friend host= dynamic secret= context= office ' +
  'permit=1.2.3.4/33 deny=::/0 channel=>1-9 signalling=fxo_ks register=>a:b@c allow=!all,ulaw callerid="a"<1> \u0000 \ufeff \ud800 é \t __proto__ constructor 112 *';

test('whatever the files of an Asterisk say, the result is a valid configuration, and no remark has a secret in it', () => {
  const random = new SeededRandom(FUZZ_SEED);
  const pieces = PIECES.split(' ');
  const base = wholeOffice({ bind: '192.0.2.7', headOffice: '192.0.2.1', secret: SECRET });
  const names = [...Object.keys(base), 'pjsip.conf', 'dundi.conf', 'acl.conf', 'voicemail.conf', 'pjsip_wizard.conf'];
  const pick = <T>(from: readonly T[]): T => from[random.integer(from.length)]!;
  const ends = performance.now() + FUZZ_MS;
  let runs = 0;
  while (performance.now() < ends) {
    const files: Record<string, string> = { ...base };
    const said: string[] = [];
    for (let changes = 1 + random.integer(12); changes > 0; changes--) {
      const name = pick(names);
      const lines = (files[name] ?? files[pick(Object.keys(base))]!).split('\n');
      const at = random.integer(lines.length + 1);
      const what = random.integer(5);
      if (what === 0) lines.splice(at, 1 + random.integer(3));
      else if (what === 1) lines.splice(at, 0, pick(pick(Object.values(files)).split('\n')));
      else if (what === 2)
        lines.splice(at, 0, Array.from({ length: 1 + random.integer(8) }, () => pick(pieces)).join(pick(['', ' '])));
      else {
        const line = lines[at] ?? '';
        const from = random.integer(line.length + 1);
        lines[at] = line.slice(0, from) + (what === 3 ? pick(pieces) : '') + line.slice(from + random.integer(4));
      }
      files[name] = lines.join('\n');
      said.push(`${name}:${at + 1}`);
    }
    const context = `seed ${FUZZ_SEED}, run ${runs}, ${said.join(' ')}`;
    const office = (() => {
      try {
        return importOffice(files);
      } catch (error) {
        throw new Error(`${context}: ${(error as Error).stack}`);
      }
    })();
    // A secret that was cut in two is another one, as far as anybody can tell.
    const told = office.told.join('\n');
    for (const secret of [SECRET, PHONE_SECRET]) expect(told.includes(secret), `${context}\n${told}`).toBe(false);
    runs++;
  }
  expect(runs).toBeGreaterThan(10);
});
