import { equalBytes, fromHex, toHex, utf8Encode } from '../base/bytes.ts';
import type { Crypto } from '../base/crypto.ts';
import { detached } from './detached.ts';

/** Long enough for a phone to answer, short enough that a stolen one is soon worthless. */
const LIFETIME_MS = 120_000;
const SALT_BYTES = 6;
const MAC_BYTES = 16;
/** A count may come this late, since datagrams overtake each other. */
const WINDOW = 31;
/** Nonces whose use is remembered; beyond it the oldest is void. */
const MAX_REMEMBERED = 16_384;

/** `forged`: we never gave it to that address. `stale`: we did, but it is too old or was used before. */
export type NonceVerdict = 'fresh' | 'stale' | 'forged';

/**
 * Nonces that carry their time and are bound to the address they were given to by an HMAC, so that a challenge costs no
 * memory. Only those that were used with a right answer are remembered, to see a replay. [RFC7616 §5.4, §5.5]
 */
export class Nonces {
  private readonly secret: Uint8Array;
  private readonly used = new Map<string, { highest: number; seen: number; untilMs: number }>();
  /** Nonces of this time and before are void, because their use was forgotten. */
  private voidBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly crypto: Crypto,
    private readonly lifetimeMs = LIFETIME_MS,
  ) {
    this.secret = crypto.randomBytes(32);
  }

  make(ip: string, nowMs: number): string {
    const text = `${Math.floor(nowMs).toString(16)}.${toHex(this.crypto.randomBytes(SALT_BYTES))}`;
    return `${text}.${toHex(this.mac(text, ip))}`;
  }

  /** Says what a nonce is worth, before anything is known about the answer. */
  judge(nonce: string, ip: string, count: number | undefined, nowMs: number): NonceVerdict {
    const [time = '', salt = '', mac = '', ...more] = nonce.split('.');
    const given = fromHex(mac);
    if (more.length > 0 || given === undefined || !equalBytes(given, this.mac(`${time}.${salt}`, ip))) return 'forged';
    const madeMs = Number.parseInt(time, 16);
    if (nowMs - madeMs > this.lifetimeMs || madeMs <= this.voidBeforeMs) return 'stale';
    const use = this.used.get(nonce);
    if (use === undefined) return 'fresh';
    // Without a count a nonce is good for one request.
    if (count === undefined) return 'stale';
    const behind = use.highest - count;
    return behind < 0 || (behind <= WINDOW && (use.seen & (1 << behind)) === 0) ? 'fresh' : 'stale';
  }

  /** Notes that the nonce was used with a right answer. */
  use(nonce: string, count: number | undefined, nowMs: number): void {
    this.forget(nowMs);
    const number = count ?? 0;
    const use = this.used.get(nonce);
    if (use === undefined)
      this.used.set(detached(nonce), { highest: number, seen: 1, untilMs: nowMs + this.lifetimeMs });
    else if (number > use.highest) {
      const ahead = number - use.highest;
      use.seen = ahead > WINDOW ? 1 : (use.seen << ahead) | 1;
      use.highest = number;
    } else use.seen |= 1 << (use.highest - number);
  }

  get remembered(): number {
    return this.used.size;
  }

  private forget(nowMs: number): void {
    for (const [nonce, { untilMs }] of this.used) {
      if (untilMs > nowMs && this.used.size < MAX_REMEMBERED) break;
      this.used.delete(nonce);
      if (untilMs > nowMs) this.voidBeforeMs = Number.parseInt(nonce, 16);
    }
  }

  private mac(text: string, ip: string): Uint8Array {
    return this.crypto.hmacSha256(this.secret, utf8Encode(`${text}|${ip}`)).slice(0, MAC_BYTES);
  }
}
