import { describe, expect, test } from 'vitest';
import { hashPassword, isPasswordHash, verifyPassword } from '../../../src/io/password.ts';

describe('a hash of a password', () => {
  test('fits that password, in whichever way its accents are typed, and no other', async () => {
    const hash = await hashPassword('caf\u00e9 au lait');
    expect(isPasswordHash(hash)).toBe(true);
    expect(hash).not.toContain('lait');
    expect(await verifyPassword('cafe\u0301 au lait', hash, [hash])).toBe(true);
    expect(await verifyPassword('cafe au lait', hash, [hash])).toBe(false);
  });

  test('is another one each time, and can stand in YAML as it is', async () => {
    const [a, b] = await Promise.all([hashPassword('the same'), hashPassword('the same')]);
    expect(a).not.toBe(b);
    expect(a).toMatch(/^\$scrypt\$15\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
  });

  test('made by another program is understood [RFC7914]', async () => {
    const salt = Buffer.from('NaClNaClNaClNaCl').toString('base64url');
    // Made by `openssl kdf -kdfopt pass:password -kdfopt salt:NaClNaClNaClNaCl -kdfopt n:1024 -kdfopt r:8 -kdfopt p:1 SCRYPT`.
    const hash = Buffer.from('02e8215bd3907488dbf18ed6df21995c4e445f9f22d1c8925d9c6d129589bdd5', 'hex').toString(
      'base64url',
    );
    const made = `$scrypt$10$8$1$${salt}$${hash}`;
    expect(await verifyPassword('password', made, [await hashPassword('another'), made])).toBe(true);
  });

  test.each([
    '',
    'secret',
    '$argon2id$x',
    '$scrypt$30$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA',
    '$scrypt$15$8$1$AA$AA',
  ])('is not %j, and no password fits that', async (text) => {
    expect(isPasswordHash(text)).toBe(false);
    expect(await verifyPassword('', text, [text])).toBe(false);
  });

  test('of somebody who does not exist fits nothing', async () => {
    expect(await verifyPassword('x', undefined, [])).toBe(false);
  });

  test('that is wrong takes the same work whoever is asked for, where hashes of other costs are among them', async () => {
    const made = (cost: string) => `$scrypt$${cost}$${'A'.repeat(22)}$${'A'.repeat(43)}`;
    const [cheap, dear, ours] = [made('10$8$1'), made('17$8$2'), made('15$8$1')];
    const all = [cheap, dear, ours, cheap, 'no hash'];
    const workFor = async (hash: string | undefined) => {
      const work: unknown[] = [];
      const deriveKey: Parameters<typeof verifyPassword>[3] = async (password, salt, length, cost) => {
        work.push([password, salt.length, length, cost]);
        return Buffer.alloc(length, 1);
      };
      expect(await verifyPassword('wrong', hash, all, deriveKey)).toBe(false);
      return work;
    };
    const work = await workFor(undefined);
    expect(work).toHaveLength(3);
    for (const hash of all) expect(await workFor(hash)).toEqual(work);
  });
});
