import { parseIp } from '../base/ip.ts';

/** One line of an access list, as permit and deny of iax.conf: the last rule that matches an address decides. */
export interface AclRule {
  readonly action: 'permit' | 'deny';
  readonly network: Network;
}

/** An address block. `bytes` are 4 (IPv4) or 16 (IPv6), host bits zero. */
export interface Network {
  readonly bytes: Uint8Array;
  readonly prefix: number;
}

/** Bytes of an address; an IPv4-mapped one counts as the IPv4 address that it holds. */
function plainIp(text: string): Uint8Array | undefined {
  const bytes = parseIp(text);
  if (bytes === undefined || bytes.length === 4) return bytes;
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return mapped ? bytes.slice(12) : bytes;
}

/** Reads `192.0.2.0/24`, `2001:db8::/32`, a single address, or `192.0.2.0/255.255.255.0` as old iax.conf has it. */
export function parseNetwork(text: string): Network | undefined {
  const [ipText, maskText, ...rest] = text.trim().split('/');
  const ip = plainIp(ipText ?? '');
  if (ip === undefined || rest.length > 0) return undefined;
  const bits = ip.length * 8;
  const prefix = maskText === undefined ? bits : parsePrefix(maskText);
  if (prefix === undefined || prefix > bits) return undefined;
  const bytes = Uint8Array.from(ip, (byte, i) => byte & maskByte(prefix, i));
  return { bytes, prefix };
}

function parsePrefix(text: string): number | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  const mask = parseIp(text);
  if (mask?.length !== 4) return undefined;
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits) ? bits.replaceAll('0', '').length : undefined;
}

/** The bits of byte `i` that a mask of `prefix` bits covers. */
function maskByte(prefix: number, i: number): number {
  const covered = Math.min(Math.max(prefix - 8 * i, 0), 8);
  return (0xff << (8 - covered)) & 0xff;
}

export function inNetwork(ip: Uint8Array, network: Network): boolean {
  if (ip.length !== network.bytes.length) return false;
  return ip.every((byte, i) => (byte & maskByte(network.prefix, i)) === network.bytes[i]);
}

/** Whether `ip` may come in. No rules allow everyone; text that is no address is allowed nothing. */
export function isAllowed(rules: readonly AclRule[], ip: string): boolean {
  const bytes = plainIp(ip);
  if (bytes === undefined) return false;
  let allowed = true;
  for (const rule of rules) if (inNetwork(bytes, rule.network)) allowed = rule.action === 'permit';
  return allowed;
}

/** `allowFrom`: these networks and nobody else. Undefined if one of the texts is no network. */
export function allowOnly(networks: readonly string[]): AclRule[] | undefined {
  const rules: AclRule[] = ['0.0.0.0/0', '::/0'].map((all) => ({ action: 'deny', network: parseNetwork(all)! }));
  for (const text of networks) {
    const network = parseNetwork(text);
    if (network === undefined) return undefined;
    rules.push({ action: 'permit', network });
  }
  return rules;
}
