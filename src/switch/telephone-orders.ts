import { Queue } from '../base/queue.ts';

/** What somebody ordered at a telephone for the calls that come to it. */
export interface TelephoneOrders {
  /** It does not ring: who calls it finds it busy. */
  readonly doNotDisturb: boolean;
  /** Where its calls go instead: numbers as they are dialled there. */
  readonly forward: ForwardOrders;
}

/** In which case a call goes elsewhere. `noAnswer` is also meant where the telephone cannot be reached. */
export type ForwardCase = (typeof FORWARD_CASES)[number];

export const FORWARD_CASES = ['always', 'busy', 'noAnswer'] as const;

export type ForwardOrders = Readonly<Record<ForwardCase, string | null>>;

const NO_ORDERS: TelephoneOrders = { doNotDisturb: false, forward: { always: null, busy: null, noAnswer: null } };

/** The orders of every telephone, by its dial string: `LINE/1`, `SIP/211`. They hold until they are taken back. */
export class StandingOrders {
  private readonly orders = new Map<string, TelephoneOrders>();
  private readonly changed = new Queue<string>();

  /** What was ordered before a restart. */
  restore(kept: ReadonlyMap<string, TelephoneOrders>): void {
    for (const [telephone, orders] of kept) this.set(telephone, orders);
  }

  of(telephone: string): TelephoneOrders {
    return this.orders.get(telephone) ?? NO_ORDERS;
  }

  change(telephone: string, change: Partial<TelephoneOrders>): void {
    this.set(telephone, { ...this.of(telephone), ...change });
  }

  /** Telephones for which something was ordered. */
  get all(): ReadonlyMap<string, TelephoneOrders> {
    return this.orders;
  }

  /** A telephone for which something else holds from now on. */
  poll(): string | undefined {
    return this.changed.shift();
  }

  private set(telephone: string, orders: TelephoneOrders): void {
    if (isOrdered(orders)) this.orders.set(telephone, orders);
    else this.orders.delete(telephone);
    this.changed.push(telephone);
  }
}

/** Whether calls do not simply ring the telephone: what its dial tone tells by stuttering. */
export function isOrdered({ doNotDisturb, forward }: TelephoneOrders): boolean {
  return doNotDisturb || FORWARD_CASES.some((one) => forward[one] !== null);
}
