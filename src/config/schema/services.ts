import { z } from 'zod';
import { checked, isListenAddress, listenAddress, network, nonEmpty, parseHostPort, secret, whole } from './values.ts';

const PORTS = 'allowed: the first and the last port, such as 10000-10199; the first even, within 1024 to 65535';

const rtpPorts = z.string({ error: PORTS }).transform((it, context) => {
  const [, first = '0', last = '0'] = /^(\d+)-(\d+)$/.exec(it) ?? [];
  const range = { first: Number(first), last: Number(last) };
  const fits = range.first >= 1024 && range.first % 2 === 0 && range.last > range.first && range.last <= 65_535;
  if (!fits) context.issues.push({ code: 'custom', message: PORTS, input: it });
  return range;
});

function isExternal(text: string): boolean {
  const parsed = parseHostPort(text);
  return text === 'auto' || (parsed !== undefined && parsed.port === undefined);
}

export const net = z.strictObject({
  external: checked(isExternal, 'auto, an IP address or a host name').prefault('auto').meta({
    description:
      'What SIP phones and trunks outside are told to reach us by, where a NAT stands before us that forwards the ports of SIP and RTP as they are. A name is looked up again each minute. `auto`: our own address; IAX2 peers see by themselves where we are. Needs a restart.',
  }),
  localNets: z.exactOptional(z.array(network).min(1, { error: 'allowed: at least one network' })).meta({
    description:
      'Networks on our side of that NAT, where our own address is told. Unless given, private networks and those that the box is in.',
  }),
  rtpPorts: rtpPorts.prefault('10000-10199').meta({ description: 'UDP ports for RTP, first and last.' }),
  dscp: z
    .strictObject({
      media: whole(0, 63).prefault(46).meta({ description: 'Of RTP, and of the one port of IAX2.' }),
      signalling: whole(0, 63).prefault(24).meta({ description: 'Of SIP over UDP.' }),
    })
    .prefault({})
    .meta({ description: 'Priority marks of IP packets (DSCP); 0 marks nothing. Needs a restart.' }),
});

/** The address of a broker, without user and password. */
export function isBrokerUrl(text: string): boolean {
  const [, authority] = /^(?:mqtts?|wss?):\/\/([^\s@/]+)(?:\/[^\s@]*)?$/.exec(text) ?? [];
  return authority !== undefined && parseHostPort(authority) !== undefined;
}

const embeddedBroker = z.strictObject({
  listen: listenAddress('127.0.0.1:1883')
    .prefault('127.0.0.1:1883')
    .meta({ description: 'Where it listens. Off loopback it needs `users`.' }),
  users: z
    .record(
      nonEmpty,
      z.strictObject({ password: secret.meta({ secret: true, description: 'The password of this user.' }) }),
    )
    .prefault({})
    .meta({ description: 'Who may connect; on loopback everybody, if there are none.' }),
});

export const mqtt = z.strictObject({
  url: z
    .exactOptional(
      checked(
        isBrokerUrl,
        'mqtt://, mqtts://, ws:// or wss:// with a host, with or without :port; user and password have keys of their own',
      ),
    )
    .meta({ description: 'Where the broker is.' }),
  embedded: z.exactOptional(embeddedBroker).meta({
    description:
      'A broker in this appliance, in place of `url`, for an office that has no other: MQTT 3.1.1, without TLS, nothing kept over a restart. Records are handed to whoever listens at the time.',
  }),
  username: z.exactOptional(nonEmpty).meta({ description: 'Who we are there.' }),
  password: z.exactOptional(secret).meta({ secret: true, description: 'The password that goes with it.' }),
  tls: z
    .exactOptional(
      z.strictObject({
        ca: z.exactOptional(secret).meta({ secret: true, description: 'Whom to trust, where not a public authority.' }),
        cert: z
          .exactOptional(secret)
          .meta({ secret: true, description: 'Our own certificate, where the broker asks for one.' }),
        key: z.exactOptional(secret).meta({ secret: true, description: 'The key that goes with it.' }),
      }),
    )
    .meta({ description: 'Certificates for mqtts:// and wss://, as PEM files: `{ file: ca.pem }`.' }),
  homeAssistant: z
    .exactOptional(z.boolean())
    .meta({ description: 'Whether Home Assistant is told of this appliance, so that it shows up there by itself.' }),
  commands: z.exactOptional(z.enum(['broker', 'signed'])).meta({
    description:
      'Who may command: `broker`, whoever the broker lets publish on `cmd/…`; `signed`, only who holds the key of `provisioning`.',
  }),
  provisioning: z
    .exactOptional(
      z.strictObject({
        publicKey: nonEmpty.meta({
          description: 'The key that signed configurations are checked with; a file relative to this document.',
        }),
      }),
    )
    .meta({ description: 'Configuration from head office over MQTT.' }),
});

const LISTEN =
  'allowed: http:// (loopback only) or https:// with an IP address and a port, such as http://127.0.0.1:8080';

const listen = z.string({ error: LISTEN }).transform((it, context) => {
  const [, scheme = '', authority = ''] =
    /^(https?):\/\/([^/]+)\/?$/.exec(it.replace('://localhost', '://127.0.0.1')) ?? [];
  if (!isListenAddress(authority)) {
    context.issues.push({ code: 'custom', message: LISTEN, input: it });
    return z.NEVER;
  }
  const { host, port } = parseHostPort(authority)!;
  return { secure: scheme === 'https', ip: host, port: port! };
});

export const web = z
  .strictObject({
    listen: listen.prefault('http://127.0.0.1:8080').meta({ description: 'Where the panel is served.' }),
    tls: z
      .exactOptional(
        z.strictObject({
          cert: z
            .exactOptional(secret)
            .meta({ secret: true, description: 'Our certificate and those that it hangs on.' }),
          key: z.exactOptional(secret).meta({ secret: true, description: 'The key that goes with it.' }),
        }),
      )
      .meta({
        description:
          'The certificate for `https://`, as PEM files; without it the appliance makes one itself and logs its fingerprint.',
      }),
    auth: z
      .exactOptional(z.literal('none'))
      .meta({ description: '`none`: nobody is asked for a password. Loopback only.' }),
    users: z
      .record(
        nonEmpty,
        z.strictObject({
          passwordHash: secret.meta({ description: 'What `branchline hash-password` makes, never the password.' }),
        }),
      )
      .prefault({})
      .meta({ description: 'Who may log in at the panel and the HTTP interface. Off loopback there must be one.' }),
  })
  .meta({ title: 'web' });
