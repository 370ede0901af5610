import type { Address } from '../base/machine.ts';

export const DEFAULT_PORT = 4569;

/** One answer of DNS: with the port that an SRV record names, or an address of the host itself. */
export interface HostAddress {
  readonly ip: string;
  readonly port?: number;
}

/** Where a peer is: a port that is configured means the host itself, whatever its SRV records say. */
export function atPort(found: readonly HostAddress[], port: number | undefined): Address[] {
  const places = port === undefined ? found : found.filter((address) => address.port === undefined);
  return places.map((address) => ({ ip: address.ip, port: address.port ?? port ?? DEFAULT_PORT }));
}

export type ResolvePurpose = 'registration' | 'call' | 'qualify';

/** Names that are known; calls to names that are not configured must not fill the memory. */
const MAX_NAMES = 256;
/** An answer is used so long without asking again. */
const FRESH_MS = 60_000;
/** That there is no such host is believed for less long. */
const FRESH_FAILURE_MS = 10_000;
/** A question that was not answered is asked again after this. */
const PATIENCE_MS = 5_000;

interface Known {
  addresses: readonly HostAddress[];
  answeredMs: number | undefined;
  askedMs: number | undefined;
}

/** What DNS has said about the hosts of peers; the looking up itself happens outside. */
export class HostNames {
  private readonly names = new Map<string, Known>();

  constructor(private readonly ask: (host: string, purpose: ResolvePurpose) => void) {}

  /** Last known addresses, in the order to try them; empty if unknown or unresolvable. */
  addresses(host: string): readonly HostAddress[] {
    return this.names.get(host)?.addresses ?? [];
  }

  /** Whether DNS said a short while ago that there is no such host. */
  isUnresolvable(host: string, nowMs: number): boolean {
    const known = this.names.get(host);
    if (known?.answeredMs === undefined || known.addresses.length > 0) return false;
    return nowMs - known.answeredMs < FRESH_FAILURE_MS;
  }

  /** Asks unless a fresh answer or an open question is there; `force` asks for a fresh answer in any case. */
  refresh(host: string, purpose: ResolvePurpose, nowMs: number, force = false): void {
    const known = this.names.get(host) ?? { addresses: [], answeredMs: undefined, askedMs: undefined };
    const isAsked = known.askedMs !== undefined && nowMs - known.askedMs < PATIENCE_MS;
    const freshMs = known.addresses.length > 0 ? FRESH_MS : FRESH_FAILURE_MS;
    const isFresh = known.answeredMs !== undefined && nowMs - known.answeredMs < freshMs;
    if (isAsked || (isFresh && !force)) return;
    known.askedMs = nowMs;
    this.names.set(host, known);
    if (this.names.size > MAX_NAMES) this.names.delete(this.names.keys().next().value!);
    this.ask(host, purpose);
  }

  /** A list in another order is not a change: the address in use stays first as long as it is on the list. */
  handleResolved(host: string, addresses: readonly HostAddress[], nowMs: number): void {
    const known = this.names.get(host);
    if (known === undefined) return;
    known.askedMs = undefined;
    known.answeredMs = nowMs;
    const current = known.addresses[0];
    const kept = addresses.find(({ ip, port }) => ip === current?.ip && port === current?.port);
    if (kept !== undefined) known.addresses = [kept, ...addresses.filter((address) => address !== kept)];
    // A resolver that fails for a moment does not take away an address that works.
    else if (addresses.length > 0 || current === undefined) known.addresses = addresses;
  }
}
