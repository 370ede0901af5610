/**
 * The machine contract: every protocol machine takes inputs with a time and gives back outputs and one next deadline.
 *
 * A machine does no I/O and reads no clock. Inputs are methods (`handleDatagram`, `handleBytes`, commands), each with
 * `nowMs`, monotonic milliseconds. After every input the driver drains `poll()` until it is empty, then arms one timer
 * for `nextDeadline()`: one input, then drain.
 */
export interface Machine<Out> {
  /** Time has passed. Early or repeated calls do nothing. */
  handleTimeout(nowMs: number): void;
  /** The next output, or undefined when drained. */
  poll(): Out | undefined;
  /** When `handleTimeout` must be called next, monotonic ms; undefined = idle. */
  nextDeadline(): number | undefined;
}

/** A datagram to send: `bytes` belong to the receiver of the output. */
export interface Transmit {
  readonly type: 'transmit';
  readonly to: Address;
  readonly bytes: Uint8Array;
}

/** An IP endpoint. `ip` is canonical text (no brackets, no zone), so that equal endpoints have equal text. */
export interface Address {
  readonly ip: string;
  readonly port: number;
}

/** A map key of an address; also how logs and status print it: `192.0.2.1:4569`, `[2001:db8::1]:4569`. */
export function formatAddress(address: Address): string {
  return address.ip.includes(':') ? `[${address.ip}]:${address.port}` : `${address.ip}:${address.port}`;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.ip === b.ip;
}

/** The earlier of two deadlines, where undefined means none. */
export function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return Math.min(a, b);
}
