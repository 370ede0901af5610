import type { Configuration } from './config/load.ts';
import { type AclRule, parseNetwork } from './iax2/acl.ts';
import type { PeerConfig } from './iax2/peer.ts';

type Iax2Configuration = NonNullable<Configuration['iax2']>;
type PeerConfiguration = Iax2Configuration['peers'][string];

/** The configured IAX2 peers as the endpoint takes them. */
export function iax2Peers(configuration: Configuration): PeerConfig[] {
  return Object.entries(configuration.iax2?.peers ?? {}).map(([name, peer]) => iax2Peer(name, peer));
}

function iax2Peer(name: string, peer: PeerConfiguration): PeerConfig {
  const { register, qualify, callerId, encryption, inKeys, outKey, transfer } = peer;
  const isDynamic = peer.host === 'dynamic';
  return {
    name,
    type: peer.type,
    host: isDynamic ? 'dynamic' : peer.host.host,
    ...(isDynamic || peer.host.port === undefined ? {} : { port: peer.host.port }),
    ...(peer.username === undefined ? {} : { username: peer.username }),
    secrets: (peer.secret ?? []).map((secret) => secret.reveal()),
    auth: peer.auth,
    ...(inKeys === undefined ? {} : { inKeys: inKeys.map((key) => key.reveal()) }),
    ...(outKey === undefined ? {} : { outKey: outKey.reveal() }),
    ...(register === undefined
      ? {}
      : {
          register: {
            refreshS: Math.round(register.refresh / 1000),
            ...(register.every === undefined ? {} : { everyMs: register.every }),
          },
        }),
    ...(peer.context === undefined ? {} : { context: peer.context }),
    ...(peer.otherContexts === undefined ? {} : { otherContexts: peer.otherContexts }),
    acl: accessList(peer),
    codecs: peer.codecs,
    codecPriority: peer.codecPriority,
    // Whoever may call here may ask what numbers there are: a call would tell as much.
    remoteDialplan: true,
    callToken: peer.callToken,
    ...(encryption === undefined ? {} : { encryption: { method: encryption, force: true } }),
    ...(peer.trunk ? { trunk: peer.trunkTimestamps ? 'timestamps' : 'plain' } : {}),
    ...(qualify === undefined ? {} : { qualify: { everyMs: qualify.every, timeoutMs: qualify.timeout } }),
    ...(peer.maxCalls === undefined ? {} : { maxCalls: peer.maxCalls }),
    ...(peer.autokill === undefined ? {} : { autokillMs: peer.autokill }),
    ...(transfer === undefined ? {} : { transfer: { mode: transfer.mode, targets: allowedOnly(transfer.targets) } }),
    ...(peer.mailbox === undefined ? {} : { mailbox: { at: peer.mailbox } }),
    ...(callerId === undefined ? {} : { callerId: { number: callerId, name: '' } }),
  };
}

/** `allowFrom` is short for: nobody, but these. */
function accessList({ allowFrom, acl }: PeerConfiguration): AclRule[] {
  if (allowFrom !== undefined) return allowedOnly(allowFrom);
  return (acl ?? []).map(({ permit, deny }) =>
    permit === undefined ? rule('deny', deny ?? '') : rule('permit', permit),
  );
}

function allowedOnly(networks: readonly string[]): AclRule[] {
  return [rule('deny', '0.0.0.0/0'), rule('deny', '::/0'), ...networks.map((network) => rule('permit', network))];
}

function rule(action: AclRule['action'], text: string): AclRule {
  const network = parseNetwork(text);
  // The schema has refused whatever is not a network.
  if (network === undefined) throw new Error(`'${text}' is not a network`);
  return { action, network };
}
