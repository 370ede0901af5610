import { base64Decode, base64Encode } from '../base/base64.ts';
import { SRTP_KEY_LENGTH, type SrtpSuite } from '../base/srtp.ts';
import type { Attribute, MediaDescription } from './sdp.ts';

/** Whether voice is sealed: where the far end can, or not at all without. */
export type SrtpPolicy = 'optional' | 'required';

/** One `a=crypto`. [RFC4568 §4] */
export interface CryptoAttribute {
  readonly tag: number;
  readonly suite: SrtpSuite;
  readonly key: Uint8Array;
}

/** In our order of preference; their index + 1 is their tag in our offers. */
export const SRTP_SUITES: readonly SrtpSuite[] = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'];

const VALUE =
  /^(\d{1,9})[ \t]+([A-Za-z0-9_]+)[ \t]+inline:([A-Za-z0-9+/=]+)(?:\|(?:2\^\d{1,2}|\d{1,15}))?((?:[ \t]+\S+)*)[ \t]*$/;
/** Session parameters that change nothing for us; a line with another one must not be taken. [RFC4568 §6.3] */
const HARMLESS = /^(?:WSH=\d+|-\S+)$/;

/** Those of a line that we can, in its order. Keys with an MKI, or several keys, are none of them. */
export function cryptoAttributesOf({ attributes }: MediaDescription): CryptoAttribute[] {
  const found: CryptoAttribute[] = [];
  for (const [name, value] of attributes) {
    const match = name === 'crypto' ? VALUE.exec(value ?? '') : null;
    if (match === null) continue;
    const suite = SRTP_SUITES.find((one) => one === match[2]!.toUpperCase());
    const key = base64Decode(match[3]!);
    const parameters = match[4]!.trim().split(/[ \t]+/);
    const isFine = match[4]!.trim() === '' || parameters.every((one) => HARMLESS.test(one));
    if (suite !== undefined && key?.length === SRTP_KEY_LENGTH && isFine)
      found.push({ tag: Number(match[1]), suite, key });
  }
  return found;
}

export function cryptoAttribute({ tag, suite, key }: CryptoAttribute): Attribute {
  return ['crypto', `${tag} ${suite} inline:${base64Encode(key)}`];
}
