import type { Crypto } from '../base/crypto.ts';
import { DIGEST_ALGORITHMS, type DigestSecret, digestHa1 } from './digest.ts';

/** 53 bits, and yet it can be typed on the keys of a telephone. */
const SECRET_DIGITS = 16;

interface Open {
  readonly secret: string;
  readonly untilMs: number;
  readonly isFree: (user: string) => boolean;
}

/**
 * Adopt mode: for some minutes one phone that has no secret of its own here may register, if it proves a secret that was
 * made for the occasion. From then on it is the phone's own; only its digests are kept.
 */
export class Adoption {
  private current: Open | undefined;

  constructor(
    private readonly crypto: Crypto,
    private readonly realm: string,
  ) {}

  /** Gives the secret. `isFree`: whether a phone may come in under that user name. */
  open(durationMs: number, isFree: Open['isFree'], nowMs: number): string {
    const secret = digits(this.crypto, SECRET_DIGITS);
    this.current = { secret, untilMs: nowMs + durationMs, isFree };
    return secret;
  }

  close(): void {
    this.current = undefined;
  }

  get untilMs(): number | undefined {
    return this.current?.untilMs;
  }

  /** What a phone without a secret of its own must prove now, whatever it calls itself. */
  get secret(): DigestSecret | undefined {
    return this.current === undefined ? undefined : { password: this.current.secret };
  }

  accepts(user: string): boolean {
    return this.current?.isFree(user) === true;
  }

  /** The phone is in, and nobody else comes in: what it proves itself with from now on. */
  take(user: string): DigestSecret | undefined {
    const { current, crypto, realm } = this;
    if (current === undefined) return undefined;
    this.current = undefined;
    const ha1 = DIGEST_ALGORITHMS.map((name) => [name, digestHa1(crypto, name, user, realm, current.secret)]);
    return { realm, ha1: Object.fromEntries(ha1) };
  }
}

function digits(crypto: Crypto, count: number): string {
  let text = '';
  // Bytes from 250 on would make some digits likelier than others.
  while (text.length < count)
    for (const byte of crypto.randomBytes(count)) if (byte < 250 && text.length < count) text += String(byte % 10);
  return text;
}
