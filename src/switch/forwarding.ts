import type { DialClass } from '../dialplan/numbering-plan.ts';
import type { ForwardCase, StandingOrders } from './telephone-orders.ts';

/** What is known of a telephone that sends its calls on. */
export interface Forwarder {
  /** Where the number that it sends them to is dialled. */
  readonly context: string;
  readonly extension: string;
  /** What it may dial; undefined: everything. */
  readonly dialClass: DialClass | undefined;
}

export interface ForwardingParts {
  readonly orders: StandingOrders;
  /** By dial string; undefined for what is no telephone of this office. */
  readonly forwarderAt: (telephone: string) => Forwarder | undefined;
  /** The telephones with that extension. */
  readonly devices: (extension: string) => readonly string[];
}

/** Where a call goes in the place of a telephone. */
export interface Forwarded {
  readonly context: string;
  readonly numbers: readonly string[];
  /** The extension that sends it on. */
  readonly by: string;
  readonly dialClass: DialClass | undefined;
}

/** Call forwarding: where the calls of a telephone go that it does not take itself. */
export class Forwarding {
  constructor(private readonly parts: ForwardingParts) {}

  isUndisturbed(telephone: string): boolean {
    return this.parts.orders.of(telephone).doNotDisturb;
  }

  /** A call to several extensions at once is for whoever is there: none of them sends it on. */
  isForOne(telephones: readonly string[]): boolean {
    return new Set(telephones.map((one) => this.parts.forwarderAt(one)?.extension ?? one)).size === 1;
  }

  /**
   * Where a call goes that comes for that telephone; undefined: nowhere else, it is for the telephone. Nobody is sent in
   * circles, or to the telephone that calls. `forwardedBy`: who has sent the call on already.
   */
  placeFor(
    telephone: string,
    when: ForwardCase,
    caller: string | undefined,
    forwardedBy: readonly string[],
  ): Forwarded | undefined {
    const number = this.parts.orders.of(telephone).forward[when];
    const forwarder = this.parts.forwarderAt(telephone);
    if (number === null || forwarder === undefined) return undefined;
    if (forwardedBy.includes(telephone)) return undefined;
    const { context, dialClass, extension } = forwarder;
    const rung = this.parts.devices(number);
    if (rung.includes(telephone) || (caller !== undefined && rung.includes(caller))) return undefined;
    return { context, numbers: [number], by: extension, dialClass };
  }
}
