import { execFileSync } from 'node:child_process';
import { pid } from 'node:process';

/** How a router maps what goes out and what it lets in again. [RFC4787] */
export type Nat =
  /** One port outside for each inside, and whoever sends there gets in. */
  | 'full cone'
  /** One port outside for each inside, open to every port of an address that something was sent to. */
  | 'address restricted'
  /** One port outside for each inside, open to whom it was used towards. */
  | 'port restricted'
  /** Another port outside for each place that is sent to. */
  | 'symmetric';

/**
 * A network of phones behind a router with NAT: this machine is where the phones are, and what runs by `command` is beyond the router. Its
 * mappings are forgotten after a few seconds, as those of cheap routers are. Needs root.
 */
export class NatRouter {
  private readonly names: { readonly router: string; readonly beyond: string };
  /** Where phones are. */
  readonly phones: string;
  /** Where whatever runs by `command` is. */
  readonly beyond: string;
  /** What that sees of the phones. */
  readonly outside: string;

  /** `index` tells several routers of one process apart. */
  constructor(nat: Nat, index: number, mappingLifetimeS: number) {
    const [router, beyond] = [`r${pid}-${index}`, `b${pid}-${index}`];
    this.names = { router, beyond };
    const prefix = `10.${100 + (pid % 100)}`;
    const [inner, outer] = [`${prefix}.${2 * index}`, `${prefix}.${2 * index + 1}`];
    [this.phones, this.outside, this.beyond] = [`${inner}.2`, `${outer}.1`, `${outer}.2`];
    for (const name of [router, beyond]) ip('netns', 'add', name);
    ip('link', 'add', `${router}p`, 'type', 'veth', 'peer', 'name', 'inner', 'netns', router);
    ip('-n', router, 'link', 'add', 'outer', 'type', 'veth', 'peer', 'name', 'outer', 'netns', beyond);
    ip('addr', 'add', `${this.phones}/24`, 'dev', `${router}p`);
    ip('-n', router, 'addr', 'add', `${inner}.1/24`, 'dev', 'inner');
    ip('-n', router, 'addr', 'add', `${this.outside}/24`, 'dev', 'outer');
    ip('-n', beyond, 'addr', 'add', `${this.beyond}/24`, 'dev', 'outer');
    ip('link', 'set', `${router}p`, 'up');
    for (const [name, device] of [
      [router, 'inner'],
      [router, 'outer'],
      [beyond, 'outer'],
      [beyond, 'lo'],
    ] as const)
      ip('-n', name, 'link', 'set', device, 'up');
    ip('route', 'add', `${outer}.0/24`, 'via', `${inner}.1`);
    this.set('ipv4/ip_forward', 1);
    const isCone = nat === 'full cone' || nat === 'address restricted';
    const from = nat === 'address restricted' ? 'ip saddr @known ' : '';
    const known = `set known { type ipv4_addr; flags dynamic,timeout; timeout ${mappingLifetimeS}s; }
      chain sent { type filter hook forward priority filter; iif "inner" meta l4proto udp update @known { ip daddr }; }`;
    const forward = isCone
      ? `${known}
      chain pre { type nat hook prerouting priority dstnat; iif "outer" ${from}meta l4proto udp dnat to ${this.phones}; }`
      : '';
    const random = nat === 'symmetric' ? ' fully-random' : '';
    // Nobody beyond has a way to the phones but by a mapping.
    const rules = `table ip nat {
      chain post { type nat hook postrouting priority srcnat; oif "outer" masquerade${random}; }
      ${forward}
    }`;
    this.inRouter('nft', rules);
    for (const timer of ['udp_timeout', 'udp_timeout_stream'])
      this.set(`netfilter/nf_conntrack_${timer}`, mappingLifetimeS);
  }

  /** A command line that runs beyond the router. */
  command(program: string, ...args: string[]): [string, ...string[]] {
    return ['ip', 'netns', 'exec', this.names.beyond, program, ...args];
  }

  dispose(): void {
    for (const name of Object.values(this.names)) ip('netns', 'delete', name);
  }

  private set(key: string, value: number): void {
    this.inRouter('sh', '-c', `echo ${value} > /proc/sys/net/${key}`);
  }

  private inRouter(program: string, ...args: string[]): void {
    execFileSync('ip', ['netns', 'exec', this.names.router, program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
