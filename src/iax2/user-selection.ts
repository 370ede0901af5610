import { type Address, formatAddress } from '../base/machine.ts';
import { isAllowed } from './acl.ts';
import type { PeerConfig } from './peer.ts';

/** What an incoming NEW says about who sends it. */
export interface Claim {
  readonly username: string | undefined;
  /** CALLED_CONTEXT. */
  readonly context: string | undefined;
  readonly from: Address;
}

export type Selection =
  | { readonly peer: PeerConfig; readonly context: string }
  /** Nobody: `reason` for the log, with the name that would have matched if there is one. */
  | { readonly peer: undefined; readonly reason: string };

/**
 * Whose call comes in: the peer whose name is the USERNAME, else the one with that `username`. Without a USERNAME the
 * one that is at the address it comes from, else the one that its rules fit best. Access list and context must allow it.
 * [RFC5456 §6.2.2]
 */
export function selectUser(
  peers: Iterable<PeerConfig>,
  claim: Claim,
  addressesOf: (peer: PeerConfig) => readonly Address[],
): Selection {
  const users = [...peers].filter(({ type }) => type !== 'peer');
  const { username, from } = claim;
  const isThere = (peer: PeerConfig) => addressesOf(peer).some(({ ip }) => ip === from.ip);
  if (username !== undefined && username !== '') {
    const named = users.find(({ name }) => name === username) ?? users.find((peer) => peer.username === username);
    if (named !== undefined) return admit(named, claim);
    const other = users.find(isThere);
    const hint = other === undefined ? '' : `; the peer at this address is called ${other.name}`;
    return { peer: undefined, reason: `Nobody here is called ${username}${hint}.` };
  }
  const here = users.find(
    (peer) => isThere(peer) && addressesOf(peer).some(({ ip, port }) => ip === from.ip && port === from.port),
  );
  const atAddress = here ?? users.find(isThere);
  if (atAddress !== undefined) return admit(atAddress, claim);
  let best: { readonly selection: Selection; readonly score: number } | undefined;
  for (const user of users) {
    const selection = admit(user, claim);
    if (selection.peer === undefined) continue;
    const score = scoreOf(user);
    if (best === undefined || score > best.score) best = { selection, score };
  }
  return best?.selection ?? { peer: undefined, reason: `Nobody here takes calls without a name from ${from.ip}.` };
}

/** The context in which a peer's calls may enter our dialplan, if it asks for this one; undefined: it may not. */
export function admittedContext(peer: PeerConfig, asked: string | undefined): string | undefined {
  if (peer.type === 'peer' || peer.context === undefined) return undefined;
  if (asked === undefined || asked === '') return peer.context;
  const allowed = [peer.context, ...(peer.otherContexts ?? [])];
  return allowed.includes(asked) || allowed.includes('*') ? asked : undefined;
}

function admit(peer: PeerConfig, { from, context }: Claim): Selection {
  if (!isAllowed(peer.acl, from.ip))
    return { peer: undefined, reason: `${peer.name} may not come from ${formatAddress(from)}.` };
  if (peer.context === undefined) return { peer: undefined, reason: `${peer.name} has no context for its calls.` };
  const admitted = admittedContext(peer, context);
  if (admitted !== undefined) return { peer, context: admitted };
  return { peer: undefined, reason: `${peer.name} may not call into the context ${context}.` };
}

/** As Asterisk ranks users without a name: rules of their own count for more, a secret for less. */
function scoreOf(peer: PeerConfig): number {
  const isOpen = peer.secrets.length === 0 && (peer.inKeys ?? []).length === 0;
  return (isOpen ? 3 : 1) + (peer.acl.length > 0 ? 1 : 0);
}

/** Whose registration comes in: by name, then by `username`; it must be `host: dynamic` and may come from there. */
export function selectRegistrant(peers: Iterable<PeerConfig>, username: string | undefined, from: Address): Selection {
  const all = [...peers].filter(({ type }) => type !== 'user');
  const named = all.find(({ name }) => name === username) ?? all.find((peer) => peer.username === username);
  if (username === undefined || named === undefined)
    return { peer: undefined, reason: `Nobody here is called ${username ?? '(no name)'}.` };
  if (named.host !== 'dynamic')
    return { peer: undefined, reason: `${named.name} has a fixed host and does not register here.` };
  if (!isAllowed(named.acl, from.ip))
    return { peer: undefined, reason: `${named.name} may not come from ${formatAddress(from)}.` };
  return { peer: named, context: named.context ?? '' };
}
