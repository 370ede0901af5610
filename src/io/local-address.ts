import { readFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Where the kernel keeps its IPv4 routes: interface, destination, gateway, flags, …, metric in the 7th column. */
const ROUTES = '/proc/net/route';

interface Own {
  readonly ip: string;
  readonly name: string;
  readonly isIpv6: boolean;
  readonly network: BlockList;
}

/**
 * The address of ours that a datagram to `ip` leaves from: that of the network which `ip` is in, else that of the default
 * route. Without `ip` it is the default route's. SIP and SDP name it, so it is needed before anything was sent.
 */
export function localAddressTowards(ip: string | undefined): string {
  const isIpv6 = ip?.includes(':') === true;
  const family = isIpv6 ? 'ipv6' : 'ipv4';
  const own = ownAddresses().filter((one) => one.isIpv6 === isIpv6);
  const near = ip === undefined ? undefined : own.find(({ network }) => network.check(ip, family));
  // Every address of 127.0.0.0/8 is ours; answers to one of them come from it.
  if (near !== undefined) return near.name === 'lo' && !isIpv6 ? '127.0.0.1' : near.ip;
  const wanted = defaultInterface();
  const far = own.filter(({ name }) => name !== 'lo');
  const chosen = far.find(({ name }) => name === wanted) ?? far[0];
  return chosen?.ip ?? (isIpv6 ? '::1' : '127.0.0.1');
}

function ownAddresses(): Own[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter(({ family, address }) => family === 'IPv4' || !address.startsWith('fe80:'))
      .map(({ address, family, cidr }) => {
        const isIpv6 = family === 'IPv6';
        const network = new BlockList();
        network.addSubnet(address, Number(cidr?.split('/')[1] ?? (isIpv6 ? 128 : 32)), isIpv6 ? 'ipv6' : 'ipv4');
        return { ip: address, name, isIpv6, network };
      }),
  );
}

function defaultInterface(): string | undefined {
  let text: string;
  try {
    text = readFileSync(ROUTES, 'latin1');
  } catch {
    return undefined;
  }
  const routes = text
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .sort((a, b) => Number(a[6]) - Number(b[6]));
  return routes[0]?.[0];
}
