import { base64Decode, base64Encode } from '../base/base64.ts';
import { toHex, utf8Encode } from '../base/bytes.ts';
import type { Crypto } from '../base/crypto.ts';
import { deriveKey } from './encryption.ts';
import { AUTH_METHOD, type InformationElements } from './information-element.ts';
import type { AuthMethod, PeerConfig } from './peer.ts';

const BIT: Readonly<Record<AuthMethod, number>> = {
  plaintext: AUTH_METHOD.PLAINTEXT,
  md5: AUTH_METHOD.MD5,
  rsa: AUTH_METHOD.RSA,
};

/** Strongest first: what we choose where several are offered. */
const STRENGTH: readonly AuthMethod[] = ['rsa', 'md5', 'plaintext'];

/** Random bytes in a challenge; as text it stays well below what any peer can hold. */
const CHALLENGE_BYTES = 12;

/** What we can prove ourselves with. */
export interface Credentials {
  readonly methods: readonly AuthMethod[];
  readonly secret: string | undefined;
  /** PEM private key. */
  readonly outKey: string | undefined;
}

/** What proof we accept. */
export interface Verifier {
  readonly methods: readonly AuthMethod[];
  readonly secrets: readonly string[];
  /** PEM public keys. */
  readonly inKeys: readonly string[];
}

export function verifierOf(config: PeerConfig): Verifier {
  return { methods: config.auth, secrets: config.secrets, inKeys: config.inKeys ?? [] };
}

/** AUTHMETHODS bits of what can really be checked: no MD5 without a secret, no RSA without a key. */
export function methodBits(verifier: Verifier): number {
  let bits = 0;
  for (const method of methodsOf(verifier.methods)) {
    const usable = method === 'rsa' ? verifier.inKeys.length > 0 : verifier.secrets.length > 0;
    if (usable) bits |= BIT[method];
  }
  return bits;
}

/** No method named means MD5. */
function methodsOf(methods: readonly AuthMethod[]): readonly AuthMethod[] {
  return methods.length === 0 ? ['md5'] : methods;
}

/** Printable, unguessable, never used twice. Asterisk's own are nine digits; any text will do. [RFC5456 §8.6.14] */
export function makeChallenge(crypto: Crypto): string {
  return toHex(crypto.randomBytes(CHALLENGE_BYTES));
}

/**
 * The elements that answer an AUTHREQ or REGAUTH with the strongest method that both sides have; undefined if there is
 * none. A secret goes in plain text only where that was configured by name. [RFC5456 §6.2.6]
 */
export function proveIdentity(
  offered: number,
  challenge: Uint8Array,
  credentials: Credentials,
  crypto: Crypto,
): InformationElements | undefined {
  const { secret, outKey } = credentials;
  const configured = methodsOf(credentials.methods);
  for (const method of STRENGTH) {
    if (!configured.includes(method) || (offered & BIT[method]) === 0) continue;
    if (method === 'rsa') {
      const signature = outKey === undefined ? undefined : crypto.rsaSha1Sign(outKey, challenge);
      if (signature !== undefined) return { rsaResult: base64Encode(signature) };
    } else if (secret !== undefined) {
      return method === 'md5' ? { md5Result: toHex(deriveKey(crypto, challenge, secret)) } : { password: secret };
    }
  }
  return undefined;
}

/** What a proof showed: with which secret, where it was a secret (its MD5 makes the key of an encrypted call). */
export type Verified = { readonly secret: string | undefined };

/** Checks an AUTHREP's or REGREQ's proof against everything that is configured. [RFC5456 §6.2.6] */
export function verifyIdentity(
  proof: InformationElements,
  challenge: string,
  verifier: Verifier,
  crypto: Crypto,
): Verified | undefined {
  const offered = methodBits(verifier);
  const bytes = utf8Encode(challenge);
  const { rsaResult, md5Result, password } = proof;
  if (rsaResult !== undefined && (offered & AUTH_METHOD.RSA) !== 0) {
    const signature = base64Decode(rsaResult);
    const fits = signature !== undefined && verifier.inKeys.some((key) => crypto.rsaSha1Verify(key, bytes, signature));
    return fits ? { secret: verifier.secrets.at(-1) } : undefined;
  }
  if (md5Result !== undefined && (offered & AUTH_METHOD.MD5) !== 0) {
    const given = md5Result.toLowerCase();
    const secret = verifier.secrets.find((one) => sameText(toHex(deriveKey(crypto, bytes, one)), given));
    return secret === undefined ? undefined : { secret };
  }
  if (password !== undefined && (offered & AUTH_METHOD.PLAINTEXT) !== 0) {
    const secret = verifier.secrets.find((one) => sameText(one, password));
    return secret === undefined ? undefined : { secret };
  }
  return undefined;
}

/** Compares in a time that does not tell how much was right. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ (b.charCodeAt(i % Math.max(b.length, 1)) | 0);
  return difference === 0;
}
