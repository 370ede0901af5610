import { earliest } from '../base/machine.ts';
import type { Hop } from './hop.ts';
import type { Request } from './message.ts';
import type { TrunkConfig, TrunkStatus } from './peer.ts';
import type { LargeRequests } from './transaction-layer.ts';
import { Trunk, type TrunkEnvironment, type WantedHost } from './trunk.ts';
import { formatUri } from './uri.ts';

/** Every trunk, by name; those whose configuration stays the same outlive a change of it. */
export class TrunkTable implements LargeRequests {
  private readonly trunks = new Map<string, Trunk>();

  constructor(
    configs: readonly TrunkConfig[],
    private readonly environment: TrunkEnvironment,
  ) {
    for (const config of configs) this.trunks.set(config.name, new Trunk(config, environment));
  }

  named(name: string): Trunk | undefined {
    return this.trunks.get(name);
  }

  /**
   * Whose address it is. Of several trunks at one address the one with this transport and port, else with this transport: a
   * connection that we opened is that of the trunk that we opened it for.
   */
  at(from: Hop): Trunk | undefined {
    let best: Trunk | undefined;
    let bestLikeness = 0;
    for (const trunk of this.trunks.values()) {
      const likeness = trunk.likeness(from);
      if (likeness <= bestLikeness) continue;
      best = trunk;
      bestLikeness = likeness;
    }
    return best;
  }

  /** Only trunks do: a phone that came by UDP is behind a NAT as likely as not. */
  takesTcp(target: Hop, nowMs: number): boolean {
    return this.at(target)?.takesTcp(target, nowMs) === true;
  }

  noteTcpFailure(target: Hop, nowMs: number): void {
    this.at(target)?.noteFailure(target, nowMs);
  }

  get statuses(): readonly TrunkStatus[] {
    return [...this.trunks.values()].map(({ status }) => status);
  }

  start(nowMs: number): void {
    for (const trunk of this.trunks.values()) trunk.start(nowMs);
  }

  stop(nowMs: number): void {
    for (const trunk of this.trunks.values()) trunk.stop(nowMs);
  }

  configure(configs: readonly TrunkConfig[], nowMs: number): void {
    const wanted = new Map(configs.map((config) => [config.name, config]));
    for (const [name, trunk] of this.trunks) {
      const config = wanted.get(name);
      if (config !== undefined && fingerprint(config) === fingerprint(trunk.config)) {
        trunk.watch(config.mailboxes ?? [], nowMs);
        wanted.delete(name);
      } else {
        trunk.stop(nowMs);
        this.trunks.delete(name);
      }
    }
    for (const config of wanted.values()) {
      const trunk = new Trunk(config, this.environment);
      this.trunks.set(config.name, trunk);
      trunk.start(nowMs);
    }
  }

  /** A NOTIFY of a subscription of ours: the status to answer with; undefined if it is of none. */
  handleNotify(request: Request, nowMs: number): number | undefined {
    for (const trunk of this.trunks.values()) {
      const status = trunk.handleNotify(request, nowMs);
      if (status !== undefined) return status;
    }
    return undefined;
  }

  handleResolved(wanted: WantedHost, hops: readonly Hop[], nowMs: number): void {
    for (const trunk of this.trunks.values()) if (trunk.isAt(wanted)) trunk.handleResolved(hops, nowMs);
  }

  reregister(name: string | undefined, nowMs: number): void {
    for (const { config, registrant } of this.trunks.values())
      if (name === undefined || config.name === name) registrant?.reregister(nowMs);
  }

  handleTimeout(nowMs: number): void {
    for (const trunk of this.trunks.values()) trunk.handleTimeout(nowMs);
  }

  nextDeadline(): number | undefined {
    let next: number | undefined;
    for (const trunk of this.trunks.values()) next = earliest(next, trunk.nextDeadline());
    return next;
  }
}

/** The same for configurations that mean the same; whose messages are asked for may change while all else goes on. */
function fingerprint(config: TrunkConfig): string {
  return JSON.stringify({ ...config, mailboxes: undefined, registrar: formatUri(config.registrar) });
}
