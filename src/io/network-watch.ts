import { networkInterfaces } from 'node:os';
import type { Clock } from './clock.ts';

export interface AddressChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Addresses that a far end can see us by: neither loopback nor link-local, which say nothing about our way out. */
export function outwardAddresses(interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces()): Set<string> {
  const addresses = new Set<string>();
  for (const [name, entries] of Object.entries(interfaces)) {
    for (const { address } of entries ?? []) {
      const inward = address.startsWith('127.') || address === '::1' || /^fe[89ab]/i.test(address);
      if (!inward) addresses.add(`${name} ${address}`);
    }
  }
  return addresses;
}

/** The same without the names of their interfaces. */
export function ownAddresses(): string[] {
  return [...outwardAddresses()].map((entry) => entry.slice(entry.indexOf(' ') + 1));
}

/**
 * Tells when this machine's addresses change, by looking every `everyMs`: it works without privileges on every system,
 * and registrations follow within seconds.
 */
export class NetworkWatch {
  private known: Set<string>;
  private cancel: () => void;

  constructor(
    private readonly clock: Clock,
    private readonly onChange: (change: AddressChange) => void,
    private readonly everyMs = 2_000,
    private readonly read: () => Set<string> = outwardAddresses,
  ) {
    this.known = read();
    this.cancel = clock.after(everyMs, this.look);
  }

  stop(): void {
    this.cancel();
  }

  private readonly look = (): void => {
    this.cancel = this.clock.after(this.everyMs, this.look);
    const current = this.read();
    const added = [...current].filter((address) => !this.known.has(address));
    const removed = [...this.known].filter((address) => !current.has(address));
    this.known = current;
    if (added.length > 0 || removed.length > 0) this.onChange({ added, removed });
  };
}
