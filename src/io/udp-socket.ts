import type { Address } from '../base/machine.ts';
import type { Libc } from './libc.ts';
import { SOCKADDR_BYTES, SocketAddresses } from './socket-addresses.ts';

/** Constants of Linux, the same on x86-64, arm64 and armhf. */
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const IPPROTO_IP = 0;
const IP_TOS = 1;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_TCLASS = 67;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

/** Room for a burst while the reader is busy; the kernel gives what `net.core.rmem_max` allows. */
export const RECEIVE_BUFFER_BYTES = 4 << 20;

/** A bound, non-blocking UDP socket: its file descriptor and the address that it has. */
export interface UdpSocket {
  readonly fd: number;
  readonly local: Address;
  /** Of the socket's family. */
  readonly addresses: SocketAddresses;
}

/**
 * Binds a socket that no other program can share; an IPv6 one takes IPv4, too. `dscp` marks what it sends. [RFC2474 §3]
 * Gives the name of the error where that is not possible.
 */
export function openUdpSocket(libc: Libc, bind: Address, dscp?: number): UdpSocket | { readonly failed: string } {
  const ipv6 = bind.ip.includes(':');
  const addresses = new SocketAddresses(ipv6);
  const name = new Uint8Array(SOCKADDR_BYTES);
  if (!addresses.write(bind, name, 0)) return { failed: 'EADDRNOTAVAIL' };
  const fd = libc.socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return { failed: libc.errno() };
  const set = (level: number, option: number, value: number) =>
    libc.setsockopt(fd, level, option, Int32Array.of(value), 4);
  set(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
  if (ipv6) set(IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (dscp !== undefined) {
    // On an IPv6 socket the mark of mapped IPv4 is the one of IPv4.
    set(IPPROTO_IP, IP_TOS, dscp << 2);
    if (ipv6) set(IPPROTO_IPV6, IPV6_TCLASS, dscp << 2);
  }
  if (libc.bind(fd, name, addresses.bytes) < 0 || libc.getsockname(fd, name, Int32Array.of(addresses.bytes)) < 0) {
    const failed = libc.errno();
    libc.close(fd);
    return { failed };
  }
  return { fd, local: addresses.read(name, 0), addresses };
}

/** Whether this socket takes several datagrams to one address as one message (UDP_SEGMENT, Linux 4.18). */
export function takesJoined(libc: Libc, fd: number): boolean {
  return libc.setsockopt(fd, SOL_UDP, UDP_SEGMENT, Int32Array.of(0), 4) === 0;
}
