import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The panel's own certificate and key in the data directory, where the configuration has none. */
export const WEB_CERTIFICATE_FILE = 'web.pem';

export interface OwnCertificate {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
  /** SHA-256 of it as browsers show it, for whoever sees their warning. */
  readonly fingerprint: string;
}

/** The certificate in `directory`, made and kept if there is none that can be used. Throws where it cannot be kept. */
export function ownCertificate(directory: string, names: readonly string[]): OwnCertificate {
  const file = join(directory, WEB_CERTIFICATE_FILE);
  const kept = readCertificate(file);
  if (kept !== undefined) return kept;
  mkdirSync(directory, { recursive: true });
  const { cert, key } = makeCertificate(names);
  writeFileSync(file, `${key}${cert}`, { mode: 0o600 });
  return { cert, key, fingerprint: fingerprintOf(cert) };
}

function readCertificate(file: string): OwnCertificate | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const at = text.indexOf('-----BEGIN CERTIFICATE');
    const [key, cert] = [text.slice(0, at), text.slice(at)];
    createPrivateKey(key);
    return { cert, key, fingerprint: fingerprintOf(cert) };
  } catch {
    return undefined;
  }
}

function fingerprintOf(pem: string): string {
  const hash = createHash('sha256').update(new X509Certificate(pem).raw).digest('hex').toUpperCase();
  return hash.replaceAll(/(..)(?=.)/g, '$1:');
}

/**
 * A key on P-256 and a certificate that it signed itself, for host names and addresses; the first is the subject. `end` is a
 * GeneralizedTime. [RFC5280 §4.1]
 */
export function makeCertificate(
  names: readonly string[],
  end = NO_END,
): { readonly cert: string; readonly key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const subject = sequence(set(sequence(objectId(COMMON_NAME), element(UTF8_STRING, Buffer.from(names[0] ?? '')))));
  const serial = randomBytes(16);
  // Neither negative nor shortened.
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  const signature = sequence(objectId(ECDSA_SHA256));
  const toBeSigned = sequence(
    element(0xa0, element(INTEGER, Buffer.of(2))),
    element(INTEGER, serial),
    signature,
    subject,
    // The clock of a box that was just switched on may be years behind.
    sequence(element(UTC_TIME, Buffer.from('200101000000Z')), element(GENERALIZED_TIME, Buffer.from(end))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(extension(ALTERNATIVE_NAMES, sequence(...names.map(generalName))))),
  );
  const signed = element(BIT_STRING, Buffer.concat([Buffer.of(0), sign('sha256', toBeSigned, privateKey)]));
  const der = sequence(toBeSigned, signature, signed);
  const lines = der.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

/** No date of expiry is known. [RFC5280 §4.1.2.5] */
const NO_END = '99991231235959Z';

const [INTEGER, BIT_STRING, OCTET_STRING, OBJECT_ID, UTF8_STRING] = [0x02, 0x03, 0x04, 0x06, 0x0c] as const;
const [UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET] = [0x17, 0x18, 0x30, 0x31] as const;
/** 2.5.4.3, 2.5.29.17 and 1.2.840.10045.4.3.2 in DER. */
const [COMMON_NAME, ALTERNATIVE_NAMES, ECDSA_SHA256] = ['550403', '551d11', '2a8648ce3d040302'] as const;
const [DNS_NAME, IP_ADDRESS] = [0x82, 0x87] as const;

/** Tag, length, content. [ITU-T X.690 §8.1] */
function element(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const long = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...long), content]);
}

function sequence(...items: readonly Uint8Array[]): Buffer {
  return element(SEQUENCE, Buffer.concat(items));
}

function set(item: Uint8Array): Buffer {
  return element(SET, item);
}

function objectId(hex: string): Buffer {
  return element(OBJECT_ID, Buffer.from(hex, 'hex'));
}

function extension(id: string, value: Uint8Array): Buffer {
  return sequence(objectId(id), element(OCTET_STRING, value));
}

function generalName(name: string): Buffer {
  const isIpv4 = /^\d+(?:\.\d+){3}$/.test(name);
  return isIpv4 ? element(IP_ADDRESS, Buffer.from(name.split('.').map(Number))) : element(DNS_NAME, Buffer.from(name));
}
