import type { PhoneConfig } from './sip/endpoint.ts';

/** A SIP phone as configured. */
export interface PhoneSettings extends PhoneConfig {
  /** Its own number: what rings it, and what a called party sees. */
  readonly extension: string;
  readonly name: string;
  /** Where its messages wait: `box@peer`, or `peer`. */
  readonly mailbox?: string;
}

/** A phone with the time at which it came into its state, monotonic ms. */
export interface PhoneView {
  readonly state: 'unregistered' | 'registered' | 'unreachable';
  readonly contact: string | null;
  readonly extension: string;
  readonly name: string;
  /** Let in by adopt mode, and not named in the configuration. */
  readonly adopted: boolean;
  readonly sinceMs: number;
}

/** The SIP phones that may register, and what status shows of each. */
export class PhoneBook {
  private byUser: ReadonlyMap<string, PhoneSettings> = new Map();
  private readonly shown = new Map<string, PhoneView>();

  /** These are all there are; the view of one that stays stays. */
  take(phones: readonly PhoneSettings[]): void {
    this.byUser = new Map(phones.map((phone) => [phone.user, phone]));
    for (const user of [...this.shown.keys()]) if (!this.byUser.has(user)) this.shown.delete(user);
  }

  get(user: string): PhoneSettings | undefined {
    return this.byUser.get(user);
  }

  all(): Iterable<PhoneSettings> {
    return this.byUser.values();
  }

  get views(): ReadonlyMap<string, PhoneView> {
    return this.shown;
  }

  /** Shows a phone as it is; gives the view of it before if that was another one. Of most registrations nothing is new. */
  show(
    user: string,
    is: Pick<PhoneView, 'state' | 'contact' | 'adopted'>,
    nowMs: number,
  ): { readonly before: PhoneView | undefined } | undefined {
    const phone = this.byUser.get(user);
    if (phone === undefined) return undefined;
    const before = this.shown.get(user);
    const sinceMs = before?.state === is.state ? before.sinceMs : nowMs;
    const view = { ...is, extension: phone.extension, name: phone.name, sinceMs };
    if (before !== undefined && isSameView(view, before)) return undefined;
    this.shown.set(user, view);
    return { before };
  }
}

function isSameView(one: PhoneView, other: PhoneView): boolean {
  return (
    one.state === other.state &&
    one.contact === other.contact &&
    one.extension === other.extension &&
    one.name === other.name &&
    one.adopted === other.adopted
  );
}
