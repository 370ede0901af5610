import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Log } from '../base/log.ts';
import type { Clock } from './clock.ts';
import { type Resolution, resolveHost } from './dns.ts';

/** An address behind a name changes when the provider likes. */
const LOOKUP_EVERY_MS = 60_000;
/** Addresses that nobody has on the internet. [RFC6890 §2.2] */
const PRIVATE = ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'];
const PRIVATE_IPV6 = ['::1/128', 'fc00::/7', 'fe80::/10'];

export interface ExternalAddressOptions {
  /** An IP address or a host name; undefined: nothing stands before us. */
  readonly external: string | undefined;
  /** Networks on our side of the NAT, `10.0.0.0/8`; private ones and those that we are in unless told. */
  readonly localNets: readonly string[] | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly lookup?: (host: string, clock: Clock) => Promise<Resolution>;
}

/** What those outside of our NAT reach us by: `net.external`. */
export class ExternalAddress {
  private readonly nets: BlockList;
  private known: readonly string[] = [];
  private hasFailed = false;
  private cancel: (() => void) | undefined;
  private isStopped = false;

  constructor(private readonly options: ExternalAddressOptions) {
    const { external, localNets } = options;
    this.nets = blockList(localNets ?? [...PRIVATE, ...PRIVATE_IPV6, ...attachedNetworks()]);
    if (external !== undefined && isIP(external) !== 0) this.known = [external];
  }

  /** Looks a name up, for the first time before it gives, and again from time to time. */
  async start(): Promise<void> {
    const { external } = this.options;
    if (external !== undefined && isIP(external) === 0) await this.lookUp(external);
  }

  stop(): void {
    this.isStopped = true;
    this.cancel?.();
  }

  /** What to write as our address towards there; undefined where our own will do. */
  towards(ip: string | undefined): string | undefined {
    if (ip === undefined || this.known.length === 0) return undefined;
    const family = isIP(ip);
    if (family === 0 || this.nets.check(ip, family === 6 ? 'ipv6' : 'ipv4')) return undefined;
    return this.known.find((one) => isIP(one) === family);
  }

  private async lookUp(host: string): Promise<void> {
    const { clock, log, lookup = resolveHost } = this.options;
    const answer = await lookup(host, clock);
    if (this.isStopped) return;
    const isNews = 'failed' in answer ? !this.hasFailed : answer.addresses.join() !== this.known.join();
    this.hasFailed = 'failed' in answer;
    // What was known still counts: DNS fails more often than addresses change.
    if ('failed' in answer) {
      if (isNews) log('warn', 'dns', `net.external: ${answer.failed}`, { host });
    } else {
      this.known = answer.addresses;
      if (isNews)
        log('info', 'dns', 'Those outside are told this address of ours.', { host, ip: answer.addresses.join(' ') });
    }
    this.cancel = clock.after(LOOKUP_EVERY_MS, () => void this.lookUp(host));
  }
}

function attachedNetworks(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).flatMap(({ cidr }) => cidr ?? []));
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const one of networks) {
    const [ip = '', bits] = one.split('/');
    const isIpv6 = ip.includes(':');
    list.addSubnet(ip, Number(bits ?? (isIpv6 ? 128 : 32)), isIpv6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
