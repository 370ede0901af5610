import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WHOLE } from '../config/example.ts';
import { Bench } from './terminal-double.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.dispose());

describe('check', () => {
  test('says that a valid file is valid, and ends with 0', async () => {
    const file = bench.write('a.yaml', 'site: { id: a, country: fr }\n');
    expect(await bench.execute(['check', file])).toEqual({ code: 0, out: `${file}: valid\n`, err: '' });
  });

  test('counts warnings, and ends with 0', async () => {
    const file = bench.write(
      'a.yaml',
      'site: { id: a, country: fr }\nhat: { port: emulator, keypad: { "1": adopt } }\n',
    );
    const { code, out } = await bench.execute(['check', file]);
    expect(code).toBe(0);
    expect(out).toBe(
      `${file}:2:39: warning: the key action adopt needs sip.adopt; without it the key does nothing\n${file}: valid, 1 warning\n`,
    );
  });

  test('prints each error with its place, and ends with 2', async () => {
    const file = bench.write('a.yaml', 'site: { id: A }\nwbe: {}\n');
    const { code, out, err } = await bench.execute(['check', file]);
    expect(code).toBe(2);
    expect(out.split('\n').map((line) => line.replace(/; .*/, ''))).toEqual([
      `${file}:1:13: site.id is "A"`,
      `${file}:2:1: unknown key "wbe"`,
      '',
    ]);
    expect(err).toBe(`branchline: ${file}: invalid, 2 errors\n`);
  });

  test('prints the same as JSON', async () => {
    const file = bench.write('a.yaml', 'site: { id: A }\n');
    const { code, out } = await bench.execute(['check', '--json', file]);
    expect(code).toBe(2);
    expect(JSON.parse(out)).toEqual({
      file,
      valid: false,
      problems: [
        {
          line: 1,
          column: 13,
          severity: 'error',
          message: 'site.id is "A"; allowed: a–z, 0–9 and -, 1 to 40 characters',
        },
      ],
    });
  });

  test('looks for secrets in the environment and in files beside the document', async () => {
    const file = bench.write('a.yaml', WHOLE.replace('phones/41', 'phone41'));
    const missing = await bench.execute(['check', file]);
    expect(missing.code).toBe(2);
    expect(missing.out).toContain(
      `${file}:18:15: iax2.peers.centre.secret: the environment variable CENTRE is not set`,
    );
    expect(missing.out).toContain(`${file}:31:23: iax2.peers.modem.secret[1]: the file modem does not exist`);
    bench.write('modem', 'canary\n');
    bench.write('phone41', 'canary');
    bench.write('mqtt', '\n');
    const empty = await bench.execute(['check', file], { environment: { CENTRE: 'canary' } });
    expect(empty.out).toContain(`${file}:61:74: mqtt.password: the file mqtt is empty`);
    bench.write('mqtt', 'canary\r\n');
    const found = await bench.execute(['check', file], { environment: { CENTRE: 'canary' } });
    expect(found.code).toBe(0);
    expect(missing.out + missing.err + empty.out + found.out + found.err).not.toContain('canary');
  });

  test('says that there is no such file, or that it is a folder', async () => {
    expect(await bench.execute(['check', '/nonexistent'])).toEqual({
      code: 2,
      out: '',
      err: 'branchline: /nonexistent does not exist; name a configuration file\n',
    });
    expect((await bench.execute(['check', bench.folder])).err).toContain('is a folder');
  });
});
