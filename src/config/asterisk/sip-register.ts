import type { Entry } from './reader.ts';
import type { Place, Remarks } from './remarks.ts';
import type { Transport } from './sip-party.ts';
import { hostWithPort, parsePort, parseWhole } from './values.ts';

/** A `register` line of sip.conf. */
export interface SipRegister {
  readonly place: Place;
  readonly username: string;
  readonly secret: string | undefined;
  readonly host: string;
  readonly transport: Transport | undefined;
  readonly expiresMs: number | undefined;
  isUsed: boolean;
  /** Whether the section of this name and host is meant. */
  isFor(name: string, host: string | undefined): boolean;
}

const FORM = 'register has the form user:secret@host:port; write `register: {}` at the trunk instead';

/** `[peer?][transport://]user[@domain][:secret[:authuser]]@host[:port][/extension][~seconds]`, as channels/sip/config_parser.c has it. */
export function parseSipRegister(entry: Entry, remarks: Remarks): SipRegister | undefined {
  const [, peer, transport, rest = ''] = /^(?:([^?:@/]+)\?)?(?:(udp|tcp|tls):\/\/)?(.*)$/i.exec(entry.value) ?? [];
  const at = rest.lastIndexOf('@');
  const [user = '', secret, authUser] = rest.slice(0, Math.max(at, 0)).split(':');
  if (secret !== undefined) remarks.keepSecret(secret);
  const [, authority = '', , seconds] = /^([^/~]*)(?:\/([^~]*))?(?:~(.*))?$/.exec(rest.slice(at + 1)) ?? [];
  const [hostName = '', port] = authority.split(':');
  const host = hostWithPort(hostName, parsePort(port));
  const [name = '', domain] = user.split('@');
  if (at < 0 || name === '' || host === undefined) {
    remarks.lost(entry, FORM);
    return undefined;
  }
  if (domain !== undefined && domain !== hostName)
    remarks.lost(entry, `the domain ${domain} of the registration; we are ${name} at the host`);
  const expires = parseWhole(seconds ?? '', 1, 86_400);
  return {
    place: entry,
    username: authUser !== undefined && authUser !== '' ? authUser : name,
    secret: secret === undefined || secret === '' ? undefined : secret,
    host,
    transport: transport?.toLowerCase() as Transport | undefined,
    expiresMs: expires === undefined ? undefined : expires * 1000,
    isUsed: false,
    isFor: (section, where) =>
      section === peer || section === hostName || (where !== undefined && bare(where) === bare(host)),
  };
}

function bare(host: string): string {
  return host.replace(/:5060$/, '').toLowerCase();
}
