import type { Draft, DraftPeer } from './draft.ts';
import type { Entry } from './reader.ts';
import { hostWithPort, parsePort } from './values.ts';

interface Registration {
  readonly username: string;
  readonly secret: string | undefined;
  readonly host: string;
}

const FORM = 'register has the form user:secret@host:port; write `register: {}` at the peer instead';

/** `register => user:secret@host:port` becomes `register` of the peer that is meant, or a peer of its own. */
export function addRegistration(entry: Entry, draft: Draft): void {
  const found = parseRegistration(entry, draft);
  if (found === undefined) return;
  const { peers, remarks } = draft;
  const name = Object.keys(peers).find((key) => isMeant(peers[key]!, found));
  const existing = name === undefined ? undefined : peers[name]!;
  if (name !== undefined && existing !== undefined && fits(name, existing, found, draft)) {
    existing.username = found.username;
    existing.register = {};
    if (existing.secret === undefined && found.secret !== undefined)
      existing.secret = draft.secret(`iax2-${name}`, found.secret);
    return;
  }
  const key = draft.freeName(name === undefined ? found.host.replace(/:\d+$/, '') : `${name}-register`, true);
  const peer: DraftPeer = { type: 'peer', host: found.host, username: found.username, register: {} };
  if (found.secret !== undefined) peer.secret = draft.secret(`iax2-${key}`, found.secret);
  peers[key] = peer;
  draft.from(['iax2', 'peers', key], entry);
  const reason = name === undefined ? 'no peer has this host' : `[${name}] has another name or secret`;
  remarks.changed(entry, `${reason}; the peer ${key} was made, that only registers and is called`);
}

function parseRegistration(entry: Entry, draft: Draft): Registration | undefined {
  const { remarks } = draft;
  const at = entry.value.lastIndexOf('@');
  const [username = '', ...rest] = entry.value.slice(0, Math.max(at, 0)).split(':');
  const secret = rest.join(':');
  if (secret !== '') remarks.keepSecret(secret);
  const [authority = ''] = entry.value.slice(at + 1).split(/[/?]/);
  const [host = '', port] = authority.split(':');
  const written = hostWithPort(host, parsePort(port));
  if (at < 0 || username === '' || written === undefined) {
    remarks.lost(entry, FORM);
    return undefined;
  }
  if (/^\[.*\]$/.test(secret)) {
    remarks.lost(entry, 'register with an RSA key: write `auth: [rsa]`, `outKey` and `register: {}` at the peer');
    return undefined;
  }
  return { username, secret: secret === '' ? undefined : secret, host: written };
}

function isMeant(peer: DraftPeer, { host }: Registration): boolean {
  return peer.type !== 'user' && peer.host !== undefined && withPort(peer.host) === withPort(host);
}

function withPort(host: string): string {
  return /:\d+$/.test(host) ? host : `${host}:4569`;
}

/** Whether one name and one secret can serve for calls and for the registration. */
function fits(name: string, peer: DraftPeer, found: Registration, draft: Draft): boolean {
  if (peer.register !== undefined) return false;
  if (peer.username !== undefined && peer.username !== found.username) return false;
  if (peer.secret === undefined) return peer.type === 'peer' || found.secret === undefined;
  // Of several secrets the last is ours.
  const last = Array.isArray(peer.secret) && peer.secret.length > 1 ? `-${peer.secret.length}` : '';
  return found.secret === undefined || found.secret === draft.secretOf(`iax2-${name}${last}`);
}
