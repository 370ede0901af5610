import { z } from 'zod';
import { isVideoCodec, VIDEO_CODECS } from '../../base/media-port.ts';
import { type KeyUse, Secret, SecretReference } from '../secret.ts';

/**
 * The kinds of value that the sections are made of. The `error` text of each says what is allowed; what is wrong is put
 * before it by `messages.ts`, which knows the place and the value found.
 */

/** Text that must match. `allowed` completes "…; allowed: ". */
export function text(pattern: RegExp, allowed: string) {
  const error = `allowed: ${allowed}`;
  return z.string({ error }).regex(pattern, { error }).meta({ allowed });
}

/** Text that must pass a test that no pattern can be. */
export function checked(fits: (text: string) => boolean, allowed: string) {
  const error = `allowed: ${allowed}`;
  return z.string({ error }).refine(fits, { error }).meta({ allowed });
}

const NOT_EMPTY = 'allowed: text, not empty';

export const nonEmpty = z.string({ error: NOT_EMPTY }).min(1, { error: NOT_EMPTY });

/** A whole number in a range, both ends included. */
export function whole(min: number, max: number) {
  const error = `allowed: a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** `250ms`, `10s`, `5m`, `2h`; a bare number is seconds. Gives milliseconds. */
export function duration(min: string, max: string) {
  const [minMs, maxMs] = [durationMs(min), durationMs(max)];
  const error = `allowed: a duration from ${min} to ${max}, such as 250ms, 10s, 5m or 2h; a bare number is seconds`;
  return z
    .union([z.number(), z.string().regex(DURATION, { error })], { error })
    .transform(durationMs)
    .refine((ms) => ms >= minMs && ms <= maxMs, { error });
}

function durationMs(value: string | number): number {
  if (typeof value === 'number') return Math.round(value * 1000);
  const [, amount, unit] = DURATION.exec(value)!;
  return Math.round(Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]);
}

const elsewhere = z
  .strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'env names an environment variable: letters, digits and _' })
      .optional()
      .meta({ description: 'The environment variable that holds it.' }),
    file: z
      .string()
      .min(1, { error: 'file names a file; a relative path counts from the folder of this document' })
      .optional()
      .meta({
        description:
          'The file that holds it, relative to the folder of this document; a newline at its end is not part of it.',
      }),
    sealed: z
      .base64({ error: 'sealed is base64' })
      .optional()
      .meta({ description: "Base64 of a box that only this appliance's own key opens." }),
  })
  .refine((it) => [it.env, it.file, it.sealed].filter((value) => value !== undefined).length === 1, {
    error: 'exactly one of env, file and sealed',
  })
  .meta({ minProperties: 1, maxProperties: 1 });

export const SECRET_FORMS = 'a secret is text in quotes, { env: NAME }, { file: PATH } or { sealed: BASE64 }';

/** A secret: literal text, or where it is. What is found is never repeated in a message. */
export const secret = z
  .union([nonEmpty, elsewhere], { error: SECRET_FORMS })
  .transform((it) => {
    if (typeof it === 'string') return new SecretReference({ kind: 'literal', value: new Secret(it) });
    if (it.env !== undefined) return new SecretReference({ kind: 'env', name: it.env });
    if (it.file !== undefined) return new SecretReference({ kind: 'file', path: it.file });
    return new SecretReference({ kind: 'sealed', box: new Secret(it.sealed ?? '') });
  })
  .meta({ secret: true });

/** One half of a pair of RSA keys, in a file. */
export function keyFile(use: KeyUse) {
  return nonEmpty.transform((path) => new SecretReference({ kind: 'key', use, path }));
}

/** What is dialled: digits, `*`, `#`; in quotes, so that a leading 0 stays. */
export const number = text(/^[0-9*#]{1,32}$/, 'digits, * and #, 1 to 32 of them, in quotes');

export const callerId = text(/^\+?[0-9*#]{1,32}$/, 'a number, digits with or without a leading +, in quotes');

/** A name that appears in dial strings and topics. */
export const name = text(/^[A-Za-z0-9_.-]{1,64}$/, 'letters, digits, "_", "-" and ".", 1 to 64 of them');

export const contextName = text(/^[A-Za-z0-9_.-]{1,79}$/, 'the name of a context: letters, digits, "_", "-" and "."');

const SHOWN = 'allowed: text of 1 to 80 characters';

export const shownName = z.string({ error: SHOWN }).min(1, { error: SHOWN }).max(80, { error: SHOWN });

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?$/;

export function isIp(text: string): boolean {
  return IPV4.test(text) || z.ipv6().safeParse(text).success;
}

export interface HostPort {
  /** A name or an IP address without brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

/** `name`, `name:4569`, `192.0.2.1:4569`, `[2001:db8::1]:4569`, `2001:db8::1`. Undefined if it is none of these. */
export function parseHostPort(text: string): HostPort | undefined {
  const bare = isIp(text) ? text : undefined;
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:]+))(?::(\d{1,5}))?$/.exec(text);
  const host = bare ?? match?.[1] ?? match?.[2];
  const port = bare !== undefined || match?.[3] === undefined ? undefined : Number(match[3]);
  if (host === undefined || (port !== undefined && (port < 1 || port > 65_535))) return undefined;
  if (bare === undefined && match?.[1] !== undefined) return isIp(host) ? { host, port } : undefined;
  // A name of digits and dots only is an address with a slip in it.
  if (!isIp(host) && (/^[\d.]+$/.test(host) || !HOST_NAME.test(host))) return undefined;
  return { host: host.toLowerCase(), port };
}

export const hostPort = checked(
  (it) => parseHostPort(it) !== undefined,
  'a host name or an IP address, with or without :port (1 to 65535)',
).transform((it) => parseHostPort(it)!);

/** One of our own addresses to listen on: an IP address and a port. */
export function listenAddress(example: string) {
  const allowed = `an IP address and a port (1 to 65535), such as ${example}`;
  return checked(isListenAddress, allowed).transform((it) => {
    const { host, port } = parseHostPort(it)!;
    return { ip: host, port: port! };
  });
}

export function isListenAddress(text: string): boolean {
  const parsed = parseHostPort(text);
  return parsed?.port !== undefined && isIp(parsed.host);
}

/** 127.0.0.0/8 and ::1: nobody outside this machine reaches it. */
export function isLoopback(ip: string): boolean {
  return /^127\./.test(ip) || /^(?:0{0,4}:)+0{0,3}1$/.test(ip) || /^::ffff:127\./i.test(ip);
}

/** A network in CIDR form, or one address. */
export const network = checked(isNetwork, 'a network such as 203.0.113.0/24 or 2001:db8::/32, or one address');

function isNetwork(text: string): boolean {
  const [ip = '', bits, ...more] = text.split('/');
  if (more.length > 0 || !isIp(ip)) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (ip.includes(':') ? 128 : 32));
}

export const CODECS = [
  'ulaw',
  'alaw',
  'g722',
  'gsm',
  'g726',
  'g729',
  'ilbc',
  'opus',
  'speex',
  'slin',
  ...VIDEO_CODECS,
] as const;

export const codecs = z
  .array(z.enum(CODECS), { error: 'allowed: a list of codecs' })
  .min(1, { error: 'allowed: at least one codec' })
  .refine((names) => names.some((name) => !isVideoCodec(name)), {
    error: 'allowed: at least one codec of voice; pictures alone make no call',
  })
  .meta({
    description:
      'Codecs in order of preference. All can be talked to in ulaw and alaw; the other codecs of voice are only carried, to an end that has the same. h261, h263, h263p, h264 and vp8 are of pictures, which pass untouched between two ends that both have the codec.',
  });

export const dialClass = z
  .enum(['local', 'national', 'international'])
  .meta({ description: 'What it may dial through this office: nothing beyond this class. Everything unless told.' });

export const flash = z.enum(['features', 'pass']).prefault('features').meta({
  description:
    'What a hook flash does: `features` holds the call, and gives dial tone or goes to another call; `pass` tells the far end.',
});

export const qualify = z
  .strictObject({
    every: duration('500ms', '1h')
      .prefault('10s')
      .meta({ description: 'How often the peer is asked for a sign of life.' }),
    timeout: z.exactOptional(duration('100ms', '1m')).meta({
      description:
        'Without an answer for this long it is unreachable. Unless told, 2 s, or `every` if that is shorter.',
    }),
  })
  .refine((it) => it.timeout === undefined || it.timeout <= it.every, {
    error: 'timeout may not be longer than every',
    path: ['timeout'],
  })
  .transform((it) => ({ every: it.every, timeout: it.timeout ?? Math.min(it.every, 2000) }))
  .meta({ description: 'Measures whether the peer can be reached, and how long it takes to answer.' });
