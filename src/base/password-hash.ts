/** What a hash of scrypt costs. [RFC7914 §2] */
export interface PasswordCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** A hash from elsewhere may cost four times as much as ours, and no more. */
const MAX_LOG_N = 17;
const FORMAT = /^\$scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9_-]{16,86})\$([A-Za-z0-9_-]{22,86})$/;

/** Reads `$scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`, salt and hash in base64url; undefined if it is none that may be checked. */
export function parsePasswordHash(
  text: string,
): { readonly cost: PasswordCost; readonly salt: string; readonly hash: string } | undefined {
  const [, logN = '', r = '', p = '', salt = '', hash = ''] = FORMAT.exec(text) ?? [];
  const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
  const isSane = cost.logN >= 10 && cost.logN <= MAX_LOG_N && cost.r >= 1 && cost.r <= 8 && cost.p >= 1 && cost.p <= 4;
  return isSane ? { cost, salt, hash } : undefined;
}
