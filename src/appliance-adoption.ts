import type { PhoneSettings } from './appliance-phones.ts';
import type { DialClass } from './dialplan/numbering-plan.ts';
import type { DigestSecret } from './sip/endpoint.ts';

/** What the configuration says of adopt mode. */
export interface AdoptSettings {
  /** Where calls of phones enter the dialplan that the configuration does not name. */
  readonly context: string;
  /** What the calls of those phones may dial; undefined: everything. */
  readonly dialClass?: DialClass;
  /** How long it stays open. */
  readonly windowMs: number;
  /** Numbers and names that mean something else already. */
  readonly reserved: ReadonlySet<string>;
}

/** A phone that adopt mode let in; plain data, kept over a restart. */
export interface AdoptedPhone {
  readonly user: string;
  readonly secret: DigestSecret;
}

/**
 * The phones of an office: those of the configuration, and those that adopt mode let in. A phone that the configuration
 * names without a secret keeps what is said of it and gets its secret; any other becomes one with its user name as its
 * number.
 */
export class OfficePhones {
  private adopted: readonly AdoptedPhone[] = [];

  constructor(
    private configured: readonly PhoneSettings[],
    private adopt: AdoptSettings | undefined,
  ) {}

  configure(configured: readonly PhoneSettings[], adopt: AdoptSettings | undefined): void {
    this.configured = configured;
    this.adopt = adopt;
  }

  /** Those that were let in, to be kept. */
  get kept(): readonly AdoptedPhone[] {
    return this.adopted;
  }

  restore(kept: readonly AdoptedPhone[]): void {
    this.adopted = kept;
  }

  add(phone: AdoptedPhone): void {
    this.adopted = [...this.adopted.filter(({ user }) => user !== phone.user), phone];
  }

  /** False if there is none with this name. */
  remove(user: string): boolean {
    const others = this.adopted.filter((phone) => phone.user !== user);
    const found = others.length < this.adopted.length;
    this.adopted = others;
    return found;
  }

  get settings(): AdoptSettings | undefined {
    return this.adopt;
  }

  /** All that may register. Without `sip.adopt` in the configuration those that were let in are outside again. */
  all(): PhoneSettings[] {
    const { adopt } = this;
    if (adopt === undefined) return [...this.configured];
    const named = this.configured.map((phone) => {
      const own = phone.secret === undefined ? this.adopted.find(({ user }) => user === phone.user) : undefined;
      return own === undefined ? phone : { ...phone, secret: own.secret };
    });
    const others = this.adopted.filter(({ user }) => this.isNew(user, adopt));
    return [...named, ...others.map((phone) => unnamed(phone, adopt))];
  }

  /** Whether it is there by adopt mode alone: the configuration does not name it. */
  isUnnamed(user: string): boolean {
    return !this.configured.some((phone) => phone.user === user);
  }

  /** Whether a phone may come in under that name. */
  accepts(user: string): boolean {
    const { adopt } = this;
    if (adopt === undefined || this.adopted.some((phone) => phone.user === user)) return false;
    const known = this.configured.find((phone) => phone.user === user);
    return known === undefined ? this.isNew(user, adopt) : known.secret === undefined;
  }

  private isNew(user: string, { reserved }: AdoptSettings): boolean {
    return /^\d{1,32}$/.test(user) && this.isUnnamed(user) && !reserved.has(user);
  }
}

function unnamed({ user, secret }: AdoptedPhone, { context }: AdoptSettings): PhoneSettings {
  const codecs = ['ulaw', 'alaw'] as const;
  return { user, secret, context, extension: user, name: '', callerId: { number: user, name: '' }, codecs };
}
