import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyPassword } from '../../../src/io/password.ts';
import { Bench } from './terminal-double.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.dispose());

describe('branchline hash-password', () => {
  test('prints what can stand in web.users, and not the password', async () => {
    const { code, out } = await bench.execute(['hash-password'], { read: async () => 'the-canary\n' });
    expect(code).toBe(0);
    expect(out).not.toContain('canary');
    const file = bench.write('a.yaml', `site: { id: a, country: fr }\nweb: { users: { admin: ${out.trim()} } }\n`);
    expect(await bench.execute(['check', file])).toMatchObject({ code: 0, out: `${file}: valid\n` });
  });

  test('as JSON is that of the password without the newline at its end', async () => {
    const { out } = await bench.execute(['hash-password', '--json'], { read: async () => 'long enough\n' });
    const { passwordHash } = JSON.parse(out) as { readonly passwordHash: string };
    expect(await verifyPassword('long enough', passwordHash, [passwordHash])).toBe(true);
  });

  test('takes no short password, and does not repeat it', async () => {
    const { code, err } = await bench.execute(['hash-password'], { read: async () => 'canary\n' });
    expect(code).toBe(2);
    expect(err).toBe('branchline: a password has at least 8 characters; standard input holds fewer\n');
  });
});
