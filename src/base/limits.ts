/** Lets through `perSecond` on average and `burst` at once; what is more is refused. */
export class TokenBucket {
  private level: number;
  private atMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
  ) {
    this.level = burst;
  }

  take(nowMs: number): boolean {
    if (nowMs > this.atMs) {
      this.level = Math.min(this.burst, this.level + ((nowMs - this.atMs) / 1000) * this.perSecond);
      this.atMs = nowMs;
    }
    if (this.level < 1) return false;
    this.level--;
    return true;
  }
}

/** How much may come. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Addresses that are watched at one time; beyond it the one that was seen first is forgotten. */
const MAX_LIMITED = 4_096;

/** How much may come from one address, and from all of them together. */
export class AddressLimits {
  private readonly watched = new Map<string, TokenBucket>();
  private readonly together: TokenBucket;

  constructor(
    private readonly perAddress: Rate,
    together: Rate,
  ) {
    this.together = new TokenBucket(together.perSecond, together.burst);
  }

  /** Undefined: it may come. Else who sends too much: that address, or so many that it is too much. */
  judge(ip: string, nowMs: number): 'one' | 'many' | undefined {
    if (!this.bucketOf(ip).take(nowMs)) return 'one';
    return this.together.take(nowMs) ? undefined : 'many';
  }

  get size(): number {
    return this.watched.size;
  }

  private bucketOf(ip: string): TokenBucket {
    const known = this.watched.get(ip);
    if (known !== undefined) return known;
    const bucket = new TokenBucket(this.perAddress.perSecond, this.perAddress.burst);
    this.watched.set(ip, bucket);
    if (this.watched.size > MAX_LIMITED) this.watched.delete(this.watched.keys().next().value!);
    return bucket;
  }
}

/** Failures within the window that lock an address out, and for how long. */
export interface LockoutOptions {
  readonly failures: number;
  readonly windowMs: number;
  readonly lockMs: number;
}

/** Addresses that are watched at one time; beyond it the one that failed longest ago is forgotten. */
const MAX_WATCHED = 4_096;

/**
 * Locks out addresses that guess secrets. Only failures of addresses that proved to receive where they send from count:
 * otherwise anybody could lock out anybody.
 */
export class Lockout {
  private readonly watched = new Map<string, { failures: number; sinceMs: number; lockedUntilMs: number }>();

  constructor(private readonly options: LockoutOptions) {}

  isLocked(ip: string, nowMs: number): boolean {
    const entry = this.watched.get(ip);
    return entry !== undefined && entry.lockedUntilMs > nowMs;
  }

  /** True if this failure locks the address out. */
  fail(ip: string, nowMs: number): boolean {
    const { failures, windowMs, lockMs } = this.options;
    let entry = this.watched.get(ip);
    if (entry === undefined || nowMs - entry.sinceMs > windowMs)
      entry = { failures: 0, sinceMs: nowMs, lockedUntilMs: Number.NEGATIVE_INFINITY };
    entry.failures++;
    // Set anew, so that the map stays in the order of the last failure.
    this.watched.delete(ip);
    this.watched.set(ip, entry);
    if (this.watched.size > MAX_WATCHED) this.watched.delete(this.watched.keys().next().value!);
    if (entry.failures < failures) return false;
    entry.lockedUntilMs = nowMs + lockMs;
    entry.failures = 0;
    return true;
  }

  succeed(ip: string): void {
    this.watched.delete(ip);
  }

  get size(): number {
    return this.watched.size;
  }
}
