import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { type PasswordCost, parsePasswordHash } from '../base/password-hash.ts';

/** What a hash costs: 32 MiB and some tenths of a second on a Raspberry Pi, for whoever guesses, too. [RFC7914 §2] */
const COST = { logN: 15, r: 8, p: 1 };
const MAX_MEMORY_BYTES = 256 << 20;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Scrypt of `password` with a salt of its own: `$scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`, base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const { logN, r, p } = COST;
  const hash = await derive(password, salt, HASH_BYTES, COST);
  return `$scrypt$${logN}$${r}$${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

/** Whether `hash` is one that a password can be checked with. */
export function isPasswordHash(hash: string): boolean {
  return parse(hash) !== undefined;
}

/**
 * Whether `hash` is that of `password`. Does one hash of each cost that is among `all`, whichever of them is asked for, so
 * that nobody hears whether a user exists, nor whose hash came from elsewhere.
 */
export async function verifyPassword(
  password: string,
  hash: string | undefined,
  all: readonly string[],
  deriveKey: typeof derive = derive,
): Promise<boolean> {
  const known = hash === undefined ? undefined : parse(hash);
  let fits = false;
  for (const cost of costsOf(all)) {
    const mine = known !== undefined && isSame(known.cost, cost) ? known : undefined;
    const salt = mine?.salt ?? randomBytes(SALT_BYTES);
    const found = await deriveKey(password, salt, mine?.expected.length ?? HASH_BYTES, cost);
    if (mine !== undefined) fits = timingSafeEqual(found, mine.expected);
  }
  return fits;
}

/** Each once, ours if there is none, in an order that says nothing of who has which. */
function costsOf(hashes: readonly string[]): PasswordCost[] {
  const costs: PasswordCost[] = [];
  for (const hash of hashes) {
    const cost = parse(hash)?.cost;
    if (cost !== undefined && !costs.some((other) => isSame(other, cost))) costs.push(cost);
  }
  return costs.length > 0 ? costs : [COST];
}

function isSame(one: PasswordCost, other: PasswordCost): boolean {
  return one.logN === other.logN && one.r === other.r && one.p === other.p;
}

function parse(text: string) {
  const read = parsePasswordHash(text);
  if (read === undefined) return undefined;
  const { cost, salt, hash } = read;
  return { salt: Buffer.from(salt, 'base64url'), expected: Buffer.from(hash, 'base64url'), cost };
}

/** In a thread of Node's pool: nothing else waits for it. */
function derive(password: string, salt: Buffer, length: number, { logN, r, p }: PasswordCost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // The same letters may be typed in two ways: composed, or as a letter and its accent.
    const text = password.normalize('NFC');
    scrypt(text, salt, length, { N: 2 ** logN, r, p, maxmem: MAX_MEMORY_BYTES }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
