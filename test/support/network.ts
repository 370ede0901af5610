import { Agenda } from '../../src/base/agenda.ts';
import { type Address, formatAddress, type Machine, type Transmit } from '../../src/base/machine.ts';
import { SeededRandom } from '../../src/base/random.ts';

function isBefore(a: Flight, b: Flight): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** What happens to datagrams on their way. Delays that differ make them overtake each other. */
export interface Weather {
  /** Share that is lost, 0…1. */
  readonly loss: number;
  /** Share that arrives twice. */
  readonly duplication: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

export const FAIR: Weather = { loss: 0, duplication: 0, minDelayMs: 10, maxDelayMs: 10 };
/** Datagrams overtake each other and come twice, but none is lost. */
export const ROUGH: Weather = { loss: 0, duplication: 0.1, minDelayMs: 5, maxDelayMs: 60 };

/** A machine on the network: it takes datagrams, and what it gives besides datagrams goes to `handleOutput`. */
export interface Station<Out extends { readonly type: string }> extends Machine<Out | Transmit> {
  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void;
}

interface Flight {
  readonly atMs: number;
  /** Those that arrive at the same moment keep their order. */
  readonly order: number;
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Uint8Array;
}

/** Where one machine sits: its address, and how it is driven. */
export class Host<Out extends { readonly type: string }> {
  /** Cut off from the network: nothing comes in or goes out. */
  isDown = false;

  constructor(
    readonly network: Network,
    /** As others see it; behind a NAT it can change at any time. */
    public address: Address,
    private readonly station: Station<Out>,
    private readonly handleOutput: (output: Out, nowMs: number) => void,
  ) {}

  /** Gives the machine one input, then drains it: the rule of every driver. */
  input(give: (station: Station<Out>, nowMs: number) => void): void {
    give(this.station, this.network.nowMs);
    this.drain();
  }

  drain(): void {
    for (let output = this.station.poll(); output !== undefined; output = this.station.poll()) {
      if (isTransmit(output)) {
        if (!this.isDown) this.network.carry(this.address, output.to, output.bytes);
      } else this.handleOutput(output, this.network.nowMs);
    }
    this.network.touch(this as unknown as Host<{ readonly type: string }>);
  }

  /** The NAT in front forgets its mapping: from now on we come from another port, and the old one is dead. */
  rebind(port: number): void {
    this.network.detach(this.address);
    this.address = { ip: this.address.ip, port };
    this.network.attach(this as unknown as Host<{ readonly type: string }>);
  }

  nextDeadline(): number | undefined {
    return this.isDown ? undefined : this.station.nextDeadline();
  }
}

function isTransmit(output: { readonly type: string }): output is Transmit {
  return output.type === 'transmit';
}

/**
 * A network and a clock that exist only in the test: seeded, so that every run can be repeated; hours pass in
 * milliseconds. `tap` sees every datagram that is sent.
 */
export class Network {
  nowMs = 1_000_000;
  weather: Weather;
  readonly random: SeededRandom;
  sent = 0;
  tap: ((from: Address, to: Address, bytes: Uint8Array) => void) | undefined;
  private readonly hosts = new Map<string, Host<{ readonly type: string }>>();
  private readonly agenda = new Agenda<Host<{ readonly type: string }>>();
  private readonly flights: Flight[] = [];
  private launched = 0;
  /** Between two addresses, as sent or none: `blackhole` fills it. */
  private readonly lost = new Set<string>();

  constructor(seed: number, weather: Weather = FAIR) {
    this.random = new SeededRandom(seed);
    this.weather = weather;
  }

  add<Out extends { readonly type: string }>(
    address: Address,
    station: Station<Out>,
    handleOutput: (output: Out, nowMs: number) => void,
  ): Host<Out> {
    const host = new Host<Out>(this, address, station, handleOutput);
    this.attach(host as unknown as Host<{ readonly type: string }>);
    return host;
  }

  attach(host: Host<{ readonly type: string }>): void {
    this.hosts.set(formatAddress(host.address), host);
  }

  detach(address: Address): void {
    this.hosts.delete(formatAddress(address));
  }

  touch(host: Host<{ readonly type: string }>): void {
    this.agenda.touch(host);
  }

  /** From now on nothing from `from` reaches `to`. */
  blackhole(from: Address, to: Address, on = true): void {
    const key = `${formatAddress(from)}>${formatAddress(to)}`;
    if (on) this.lost.add(key);
    else this.lost.delete(key);
  }

  carry(from: Address, to: Address, bytes: Uint8Array): void {
    this.sent++;
    this.tap?.(from, to, bytes);
    const { loss, duplication } = this.weather;
    if (this.lost.has(`${formatAddress(from)}>${formatAddress(to)}`)) return;
    if (this.random.next() >= loss) this.launch(from, to, bytes);
    if (duplication > 0 && this.random.next() < duplication) this.launch(from, to, bytes);
  }

  /** Runs until `untilMs` or until nothing is left to happen before it. The clock stands at `untilMs` then. */
  runUntil(untilMs: number): void {
    while (this.step(untilMs)) {
      // Each step moves the clock to the next datagram or deadline.
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  runFor(durationMs: number): void {
    this.runUntil(this.nowMs + durationMs);
  }

  /** One datagram or one deadline; false if there is none before `untilMs`. */
  step(untilMs = Number.POSITIVE_INFINITY): boolean {
    const flight = this.flights[0];
    const deadline = this.agenda.next();
    const atMs = Math.min(flight?.atMs ?? Number.POSITIVE_INFINITY, deadline ?? Number.POSITIVE_INFINITY);
    if (atMs > untilMs || atMs === Number.POSITIVE_INFINITY) return false;
    this.nowMs = Math.max(this.nowMs, atMs);
    if (flight !== undefined && flight.atMs <= atMs) {
      this.land();
      const host = this.hosts.get(formatAddress(flight.to));
      if (host !== undefined && !host.isDown)
        host.input((station, nowMs) => station.handleDatagram(flight.bytes, flight.from, nowMs));
      return true;
    }
    const host = this.agenda.take(this.nowMs);
    host?.input((station, nowMs) => station.handleTimeout(nowMs));
    return true;
  }

  private launch(from: Address, to: Address, bytes: Uint8Array): void {
    const { minDelayMs, maxDelayMs } = this.weather;
    const atMs = this.nowMs + minDelayMs + this.random.next() * (maxDelayMs - minDelayMs);
    const flights = this.flights;
    let at = flights.push({ atMs, order: this.launched++, from, to, bytes }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(flights[at]!, flights[parent]!)) break;
      [flights[parent], flights[at]] = [flights[at]!, flights[parent]!];
      at = parent;
    }
  }

  private land(): void {
    const flights = this.flights;
    const last = flights.pop()!;
    if (flights.length === 0) return;
    flights[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (left < flights.length && isBefore(flights[left]!, flights[least]!)) least = left;
      if (right < flights.length && isBefore(flights[right]!, flights[least]!)) least = right;
      if (least === at) return;
      [flights[at], flights[least]] = [flights[least]!, flights[at]!];
      at = least;
    }
  }
}
