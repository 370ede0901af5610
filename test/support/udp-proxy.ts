import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Address, formatAddress } from '../../src/base/machine.ts';
import { SeededRandom } from '../../src/base/random.ts';

/** What happens to a datagram on its way; all from one seed. */
export interface Impairment {
  /** Share that is lost, 0…1. */
  readonly loss?: number;
  readonly duplicate?: number;
  readonly delayMs?: number;
  /** Up to this much more delay for each datagram on its own: more than their distance puts them out of order. */
  readonly jitterMs?: number;
}

export interface UdpProxyOptions {
  /** Where clients send to, and from where they get the answers. */
  readonly listen: Address;
  readonly target: Address;
  /** The address that the target sees. */
  readonly outerIp: string;
  readonly seed?: number;
}

/**
 * A router in the way, as a NAT: every client gets a port of its own at `outerIp`. Impairs both directions, and gives
 * all clients new outer ports on command, of which only the target hears.
 */
export class UdpProxy {
  readonly counts = { up: 0, down: 0, lost: 0, duplicated: 0 };
  private impairment: Impairment = {};
  private readonly random: SeededRandom;
  private readonly clients = new Map<string, { readonly client: Address; outer: Socket }>();
  private readonly timers = new Set<NodeJS.Timeout>();

  private constructor(
    private readonly options: UdpProxyOptions,
    private readonly inner: Socket,
  ) {
    this.random = new SeededRandom(options.seed ?? 1);
    inner.on('message', (bytes, from) => void this.up(bytes, { ip: from.address, port: from.port }));
  }

  static async open(options: UdpProxyOptions): Promise<UdpProxy> {
    const inner = createSocket('udp4');
    inner.bind(options.listen.port, options.listen.ip);
    await once(inner, 'listening');
    return new UdpProxy(options, inner);
  }

  /** From now on; an empty object is a clean line. */
  impair(impairment: Impairment): void {
    this.impairment = impairment;
  }

  /** The ports that the target sees now. */
  outerPorts(): number[] {
    return [...this.clients.values()].map(({ outer }) => outer.address().port);
  }

  /** The NAT forgets every mapping: what comes for the old ports is lost, what goes out has a new one. */
  async rebind(): Promise<void> {
    for (const entry of this.clients.values()) {
      const old = entry.outer;
      entry.outer = await this.openOuter(entry.client);
      old.close();
    }
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    for (const { outer } of this.clients.values()) outer.close();
    this.clients.clear();
    this.inner.close();
  }

  private async up(bytes: Uint8Array, client: Address): Promise<void> {
    this.counts.up++;
    const key = formatAddress(client);
    let entry = this.clients.get(key);
    if (entry === undefined) {
      const outer = await this.openOuter(client);
      entry = this.clients.get(key);
      if (entry === undefined) {
        entry = { client, outer };
        this.clients.set(key, entry);
      } else outer.close();
    }
    const { outer } = entry;
    this.pass(() => outer.send(bytes, this.options.target.port, this.options.target.ip));
  }

  private async openOuter(client: Address): Promise<Socket> {
    const outer = createSocket('udp4');
    outer.on('message', (bytes) => {
      this.counts.down++;
      this.pass(() => this.inner.send(bytes, client.port, client.ip));
    });
    outer.bind(0, this.options.outerIp);
    await once(outer, 'listening');
    return outer;
  }

  private pass(send: () => void): void {
    const { loss = 0, duplicate = 0, delayMs = 0, jitterMs = 0 } = this.impairment;
    if (this.random.next() < loss) {
      this.counts.lost++;
      return;
    }
    const copies = this.random.next() < duplicate ? 2 : 1;
    this.counts.duplicated += copies - 1;
    for (let copy = 0; copy < copies; copy++) {
      const laterMs = delayMs + this.random.next() * jitterMs;
      if (laterMs === 0) attempt(send);
      else {
        const timer = setTimeout(() => {
          this.timers.delete(timer);
          attempt(send);
        }, laterMs);
        this.timers.add(timer);
      }
    }
  }
}

/** A datagram under way when its socket was closed is lost, as on a real line. */
function attempt(send: () => void): void {
  try {
    send();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING') throw error;
  }
}
