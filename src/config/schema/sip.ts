import { z } from 'zod';
import {
  callerId,
  checked,
  codecs,
  contextName,
  dialClass,
  duration,
  flash,
  isListenAddress,
  name,
  nonEmpty,
  number,
  parseHostPort,
  qualify,
  secret,
  shownName,
  text,
  whole,
} from './values.ts';

const TRANSPORTS = 'udp|tcp|tls';

const LISTEN = new RegExp(`^(${TRANSPORTS})://(.+)$`);

const listen = checked(
  (it) => isListenAddress(LISTEN.exec(it)?.[2] ?? ''),
  'udp://, tcp:// or tls:// with an IP address and a port, such as udp://0.0.0.0:5060',
).transform((it) => {
  const [, transport, authority = ''] = LISTEN.exec(it)!;
  const { host, port } = parseHostPort(authority)!;
  return { transport: transport as 'udp' | 'tcp' | 'tls', ip: host, port: port! };
});

const qualifyPhones = z
  .strictObject({
    every: duration('5s', '1h').prefault('30s').meta({ description: 'How often a phone is asked for a sign of life.' }),
    timeout: duration('500ms', '30s')
      .prefault('3s')
      .meta({ description: 'Without an answer for this long it is unreachable.' }),
  })
  .refine((it) => it.timeout <= it.every, { error: 'timeout may not be longer than every', path: ['timeout'] });

const register = z
  .union([
    z.literal(false),
    z.strictObject({
      expires: duration('30s', '24h')
        .prefault('10m')
        .meta({ description: 'The lifetime that we ask for; renewed at 9/10 of what is granted.' }),
    }),
  ])
  .meta({
    description:
      'Keeps us registered there: so unless told, where there is a secret. `false`: we only call and are called.',
  });

const srtp = z.enum(['off', 'optional', 'required']).prefault('off').meta({
  description:
    'Seals the voice (SRTP with keys in SDP), over TLS only. `optional`: where the far end can. `required`: not at all without, but for emergency calls. A call that may be sealed has no video.',
});

const phone = z
  .strictObject({
    secret: z.exactOptional(secret).meta({ secret: true, description: 'What it registers with.' }),
    certificate: z.exactOptional(nonEmpty).meta({
      description:
        'The name that its certificate is for: it registers and calls over TLS with that certificate only, and proves its secret besides. Needs `sip.tls.clientCa`. One of the alternative names counts (DNS, URI, e-mail), and the common name only of a certificate without any.',
    }),
    extension: z.exactOptional(number).meta({ description: 'Its number. Its key unless told.' }),
    name: z.exactOptional(shownName).meta({ description: 'What displays and the panel show.' }),
    context: z.exactOptional(contextName).meta({ description: 'Where its calls enter the dialplan.' }),
    mailbox: z.exactOptional(nonEmpty).meta({
      description:
        'Where its messages wait, `box@peer` or `peer`, by whose word its lamp is lit: a SIP trunk, where `box` is the user whose messages we ask for (our own unless told), or an IAX2 peer that we register at, to which `box` says nothing.',
    }),
    class: z.exactOptional(dialClass),
    codecs: codecs.prefault(['ulaw', 'alaw']),
    callerId: z
      .exactOptional(callerId)
      .meta({ description: 'The number that its calls show. Its extension unless told.' }),
    flash,
    srtp,
    maxCalls: z.exactOptional(whole(1, 100)).meta({ description: 'Calls at a time; one more is busy.' }),
  })
  .meta({ title: 'sip.phones.<user>' });

const trunk = z
  .strictObject({
    registrar: text(
      /^sips?:[A-Za-z0-9.[\]:-]+(?:;transport=(?:udp|tcp|tls))?$/,
      'a SIP address without user and password, such as sip:itsp.example or sip:itsp.example;transport=tcp',
    ).meta({
      description:
        'Where it is. A name without a port is looked up by NAPTR and SRV; its addresses are tried one after the other.',
    }),
    username: z.exactOptional(nonEmpty).meta({ description: 'Who we are there. The name of the trunk unless told.' }),
    secret: z.exactOptional(secret).meta({ secret: true, description: 'What we register and call with.' }),
    register: z.exactOptional(register),
    fromUser: z.exactOptional(nonEmpty).meta({
      description: 'What we say in From in place of the number of the caller, where the trunk knows us by it.',
    }),
    trusted: z.boolean().prefault(false).meta({
      description:
        'Whether it is told who calls even if that must not be shown, and is believed about callers (P-Asserted-Identity).',
    }),
    qualify: z.exactOptional(qualify),
    context: z.exactOptional(contextName).meta({ description: 'Where its calls enter the dialplan.' }),
    class: z.exactOptional(dialClass),
    callerId: z.exactOptional(callerId).meta({ description: 'The number that calls to it show.' }),
    codecs: codecs.prefault(['ulaw', 'alaw']),
    srtp,
    maxCalls: z.exactOptional(whole(1, 1000)).meta({ description: 'Calls at a time.' }),
  })
  .meta({ title: 'sip.trunks.<name>' });

const adopt = z.strictObject({
  context: contextName.meta({
    description: 'Where calls of phones enter the dialplan that are adopted and not named in `sip.phones`.',
  }),
  class: z.exactOptional(dialClass).meta({
    description: 'What such phones may dial; those of `sip.phones` have the class that stands there.',
  }),
  window: duration('30s', '15m').prefault('2m').meta({ description: 'How long adopt mode stays open.' }),
});

export const sip = z.strictObject({
  listen: z
    .array(listen)
    .min(1, { error: 'allowed: at least one address' })
    .prefault(['udp://0.0.0.0:5060'])
    .meta({ description: 'Where SIP is served.' }),
  tls: z
    .exactOptional(
      z.strictObject({
        cert: z.exactOptional(secret).meta({
          secret: true,
          description:
            'Our certificate and those that it hangs on; to serve `tls://`, and shown to trunks that ask for one.',
        }),
        key: z.exactOptional(secret).meta({ secret: true, description: 'The key that goes with it.' }),
        ca: z
          .exactOptional(secret)
          .meta({ secret: true, description: 'Whom trunks are trusted by, where not a public authority.' }),
        clientCa: z.exactOptional(secret).meta({
          secret: true,
          description:
            'Whoever connects over `tls://`, phone or trunk, must show a certificate of this authority. Phones prove their secret besides.',
        }),
      }),
    )
    .meta({ description: 'Certificates of SIP over TLS, as PEM files: `{ file: sip.pem }`.' }),
  qualify: qualifyPhones
    .prefault({})
    .meta({ description: 'Whether phones can be reached; it also keeps the way through a NAT open.' }),
  digest: z
    .array(z.enum(['md5', 'sha-256']))
    .min(1, { error: 'allowed: at least one of md5 and sha-256' })
    .prefault(['md5'])
    .meta({
      description:
        'What phones may prove themselves with, the most wanted first. Many phones fail where anything but `md5` is offered.',
    }),
  adopt: z.exactOptional(adopt).meta({
    description:
      'Allows adopt mode: opened on the panel or with the key `adopt`, it lets in one phone that proves a secret made for the occasion, either one of `sip.phones` without a `secret`, or a new one whose user name is a free number. Without this section adopted phones are shut out.',
  }),
  phones: z.record(name, phone).prefault({}).meta({ description: 'SIP phones by their user name.' }),
  trunks: z
    .record(name, trunk)
    .prefault({})
    .meta({ description: 'Providers and other switches, by the name that dial strings use.' }),
});
