import { z } from 'zod';
import {
  callerId,
  codecs,
  contextName,
  dialClass,
  duration,
  hostPort,
  keyFile,
  listenAddress,
  name,
  network,
  nonEmpty,
  qualify,
  SECRET_FORMS,
  secret,
  whole,
} from './values.ts';

const aclEntry = z
  .strictObject({ permit: network.optional(), deny: network.optional() })
  .refine((it) => (it.permit === undefined) !== (it.deny === undefined), { error: 'exactly one of permit and deny' });

const register = z
  .strictObject({
    refresh: duration('10s', '1h')
      .prefault('60s')
      .meta({ description: 'The lifetime that we ask for; renewed at 5/6 of what the peer grants.' }),
    every: z.exactOptional(duration('5s', '1h')).meta({
      description:
        'Registers this often whatever was granted, so that an address that only the NAT knows to have changed is found sooner. Each registration holds a call number at the peer for 60 s.',
    }),
  })
  .meta({ description: 'Keeps our dynamic address known at that peer.' });

const transfer = z
  .strictObject({
    mode: z.enum(['media', 'full']).prefault('media').meta({
      description: '`media`: the voice only; `full`: signalling, too, and with it the end of the record here.',
    }),
    targets: z
      .array(network)
      .min(1, { error: 'allowed: at least one network' })
      .meta({ description: 'The addresses that calls with this peer may go to.' }),
  })
  .meta({
    description:
      'Calls with this peer may go directly to another party: when it asks for that, and between two peers that both allow it. Never encrypted calls.',
  });

export const iax2Peer = z
  .strictObject({
    type: z
      .enum(['friend', 'user', 'peer'])
      .prefault('friend')
      .meta({ description: '`user`: it may call us; `peer`: we call it; `friend`: both.' }),
    host: z
      .union([z.literal('dynamic'), hostPort], {
        error: 'allowed: dynamic, or a host name or an IP address, with or without :port (1 to 65535)',
      })
      .prefault('dynamic')
      .meta({
        description:
          'Where it is, or `dynamic`: it registers here. A name without a port is looked up by SRV (`_iax._udp`), too; else the port is 4569.',
      }),
    username: z.exactOptional(nonEmpty).meta({ description: 'Who we are there. The name of the peer unless told.' }),
    secret: z
      .exactOptional(
        z
          .union([secret, z.array(secret).min(1, { error: 'allowed: at least one secret' })], { error: SECRET_FORMS })
          .transform((it) => (Array.isArray(it) ? it : [it])),
      )
      .meta({
        secret: true,
        description: 'The shared secret. A list: any of them opens calls to us, the last is used by us.',
      }),
    auth: z
      .array(z.enum(['md5', 'rsa', 'plaintext']))
      .min(1, { error: 'allowed: at least one of md5, rsa and plaintext' })
      .prefault(['md5'])
      .meta({
        description: 'How identity is proved. `plaintext` sends the secret readable: only where nothing else is known.',
      }),
    inKeys: z.exactOptional(z.array(keyFile('public')).min(1, { error: 'allowed: at least one key' })).meta({
      description:
        'Public keys that this peer may prove itself with: PEM files relative to this document, RSA of 1024 bits as Asterisk has them.',
    }),
    outKey: z
      .exactOptional(keyFile('private'))
      .meta({ description: 'Our private key towards it: a PEM file relative to this document, RSA of 1024 bits.' }),
    register: z.exactOptional(register),
    context: z.exactOptional(contextName).meta({ description: 'Where its calls enter our dialplan.' }),
    allowFrom: z
      .exactOptional(z.array(network).min(1, { error: 'allowed: at least one network' }))
      .meta({ description: 'It may come from these networks only.' }),
    acl: z
      .exactOptional(z.array(aclEntry).min(1, { error: 'allowed: at least one { permit: … } or { deny: … }' }))
      .meta({ description: 'Rules by address, in order; the last that fits decides. Not together with `allowFrom`.' }),
    otherContexts: z
      .exactOptional(z.array(z.union([z.literal('*'), contextName])).min(1, { error: 'allowed: at least one context' }))
      .meta({
        description: 'Contexts besides `context` that it may ask to call into; `"*"`: every one.',
      }),
    codecs: codecs.prefault(['ulaw', 'alaw']),
    codecPriority: z.enum(['host', 'caller', 'disabled', 'reqonly']).prefault('host').meta({
      description:
        'Whose order decides when it calls: ours (`host`), its own (`caller`), nobody’s (`disabled`: what it asks for, else the best), or only what it asks for (`reqonly`).',
    }),
    callToken: z.enum(['required', 'auto', 'no']).prefault('required').meta({
      description:
        'Whether it must prove its address by a call token. `auto`: once it has shown that it can; `no`: never, for old phones.',
    }),
    trunk: z
      .boolean()
      .prefault(false)
      .meta({ description: 'Carries many calls in one datagram. Never together with `encryption`.' }),
    trunkTimestamps: z.boolean().prefault(true).meta({
      description: 'Whether each call in a trunk frame has a timestamp. `false`: for peers that cannot read them.',
    }),
    encryption: z.exactOptional(z.enum(['aes128'])).meta({ description: 'Encrypts calls with it.' }),
    qualify: z.exactOptional(qualify),
    maxCalls: z.exactOptional(whole(1, 1000)).meta({
      description: 'Calls at a time. When full, `Dial` gives CONGESTION and goes to the next priority.',
    }),
    autokill: z.exactOptional(duration('500ms', '30s')).meta({
      description:
        'How long a call to it waits for a first sign of life before the next priority has its turn; 1.9 s unless told.',
    }),
    transfer: z.exactOptional(transfer),
    class: z.exactOptional(dialClass),
    mailbox: z.exactOptional(name).meta({
      description:
        'Of a peer that registers here: the peer that we register at and whose messages it is told of (MSGCOUNT), as that has told us.',
    }),
    callerId: z.exactOptional(callerId).meta({ description: 'The number that calls from or to it show.' }),
  })
  .meta({ title: 'iax2.peers.<name>' });

export const iax2 = z.strictObject({
  bind: listenAddress('0.0.0.0:4569').prefault('0.0.0.0:4569').meta({ description: 'The one UDP address for IAX2.' }),
  peers: z.record(name, iax2Peer).prefault({}).meta({
    description: 'Other switches and IAX2 phones, by the name that dial strings use: `IAX2/<name>/<number>`.',
  }),
});
