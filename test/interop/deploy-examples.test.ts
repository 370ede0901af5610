import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Appliance } from '../support/appliance.ts';
import { startAsterisk } from '../support/asterisk.ts';
import { BRANCH, CENTRE, SECRET, WEB } from '../support/branch-office.ts';
import { describeAsterisk } from '../support/peers.ts';

const deploy = join(import.meta.dirname, '../../deploy');

/** An example as it is shipped, with the places of this test in place of those that its reader fills in. */
function example(file: string, replacements: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(deploy, file), 'utf8');
  for (const [from, to] of Object.entries(replacements)) {
    expect(text, `${file} has ${from}`).toContain(from);
    text = text.replaceAll(from, to);
  }
  return text;
}

describeAsterisk('the examples of deploy/', (version) => {
  test('join a branch and a centre: it registers, calls the centre, and is called', async () => {
    const centre = await startAsterisk({
      version,
      bind: CENTRE,
      files: {
        'iax.conf': `[general]\nbindaddr=@BIND@\n${example('asterisk/iax.conf', { 'change-me-to-something-long': SECRET })}`,
        'extensions.conf': example('asterisk/extensions.conf', {}),
      },
    });
    const config = example('branchline.yaml', {
      'pbx.example.net': CENTRE,
      'iax2:\n': `iax2:\n  bind: ${BRANCH}:4569\n`,
      '127.0.0.1:8080': WEB,
    });
    const office = new Appliance({ config, web: WEB });
    try {
      writeFileSync(join(office.folder, 'hq.secret'), `${SECRET}\n`);
      await office.start();
      await office.waitForRegistration('hq', 'registered', 5_000);
      expect(await centre.cli('iax2 show peers')).toMatch(new RegExp(`branch-01\\S*\\s+${BRANCH}`));

      await office.lift(1);
      await office.waitForLine(1, 'dial-tone', 2_000);
      await office.dial(1, '7600');
      await office.waitForLine(1, 'talking', 5_000);
      await office.rest(1);

      await centre.originate('Local/202@to-branches', { application: 'Echo' });
      await office.waitForLine(2, 'ringing', 5_000);
      await office.lift(2);
      await office.waitForLine(2, 'talking', 5_000);
      await office.rest(2);
    } finally {
      await office.dispose();
      await centre.dispose();
    }
  });
});
