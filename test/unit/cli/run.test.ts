import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunRequest } from '../../../src/cli/run.ts';
import { Bench } from './terminal-double.ts';

const VALID = 'site: { id: a, country: fr }\n';

let bench: Bench;
let request: RunRequest | undefined;
beforeEach(() => {
  bench = new Bench();
  request = undefined;
  bench.roots.run = async (given) => {
    request = given;
    return 0;
  };
});
afterEach(() => bench.dispose());

describe('run', () => {
  test('hands the configuration, the dialplan and the data directory to the appliance', async () => {
    const file = bench.write('a.yaml', VALID);
    expect(await bench.execute(['run', '--config', file, '--data', '/data'])).toEqual({ code: 0, out: '', err: '' });
    expect(request).toMatchObject({ configurationFile: file, dataDirectory: '/data' });
    expect(request!.loaded.configuration.site.id).toBe('a');
    expect(request!.loaded.dialplan.contexts.size).toBe(0);
  });

  test('ends as the appliance ends', async () => {
    bench.roots.run = async () => 1;
    expect((await bench.execute(['run', '--config', bench.write('a.yaml', VALID)])).code).toBe(1);
  });

  test.each([
    ['an error', 'site: { id: A }\n', '1:13: site.id is "A"; allowed: a–z, 0–9 and -, 1 to 40 characters'],
    [
      'a secret that nobody here can open',
      `${VALID}iax2: { peers: { hq: { type: peer, host: h, secret: { sealed: AAAA } } } }\n`,
      '2:53: iax2.peers.hq.secret: it is sealed, and /var/lib/branchline has no key that could open it',
    ],
  ])('does not start with %s', async (_, text, message) => {
    const file = bench.write('a.yaml', text);
    const { code, err } = await bench.execute(['run', '--config', file]);
    expect({ code, err }).toEqual({ code: 2, err: `error config: ${file}:${message}\n` });
    expect(request).toBeUndefined();
  });

  test('starts with what is only warned of', async () => {
    const file = bench.write('a.yaml', `${VALID}hat: { port: emulator, keypad: { "1": adopt } }\n`);
    const { code, err } = await bench.execute(['run', '--config', file]);
    expect({ code, err }).toEqual({
      code: 0,
      err: `warn config: ${file}:2:39: warning: the key action adopt needs sip.adopt; without it the key does nothing\n`,
    });
    expect(request!.loaded.problems.map((problem) => problem.message)).toEqual([
      'the key action adopt needs sip.adopt; without it the key does nothing',
    ]);
  });

  test('reads the file again on reload, and gives nothing if it may not run then', async () => {
    const file = bench.write('a.yaml', VALID);
    await bench.execute(['run', '--config', file]);
    bench.write('a.yaml', VALID.replace('id: a', 'id: b'));
    expect(request!.reload()?.configuration.site.id).toBe('b');
    bench.write('a.yaml', 'site: {');
    expect(request!.reload()).toBeUndefined();
    bench.dispose();
    expect(request!.reload()).toBeUndefined();
  });
});
