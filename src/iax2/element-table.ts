import {
  dateTime,
  type ElementCodec,
  flag,
  formatMask32,
  formatMask64,
  loss,
  raw,
  socketAddress,
  text,
  uint8,
  uint16,
  uint32,
} from './element-value.ts';
import type { InformationElements } from './information-element.ts';

export type ElementKey = keyof InformationElements;
/** Elements that are one value in one element. */
export type SingleKey = Exclude<ElementKey, 'variables' | 'ospToken' | 'unknown'>;
export type ElementValue<Key extends ElementKey> = NonNullable<InformationElements[Key]>;

export interface ElementRow<Value> {
  readonly id: number;
  /** As RFC 5456 and Asterisk's `iax2.h` spell it. */
  readonly name: string;
  readonly codec: ElementCodec<Value>;
}

function row<Value>(id: number, name: string, codec: ElementCodec<Value>): ElementRow<Value> {
  return { id, name, codec };
}

/** In the order in which Asterisk sends them, chiefly in a NEW; receivers do not mind the order. */
export const ELEMENTS: { readonly [Key in SingleKey]: ElementRow<ElementValue<Key>> } = {
  version: row(0x0b, 'VERSION', uint16),
  authMethods: row(0x0e, 'AUTHMETHODS', uint16),
  challenge: row(0x0f, 'CHALLENGE', raw),
  calledNumber: row(0x01, 'CALLED_NUMBER', text),
  dialplanStatus: row(0x14, 'DPSTATUS', uint16),
  autoAnswer: row(0x19, 'AUTOANSWER', flag),
  codecPreferences: row(0x2d, 'CODEC_PREFS', text),
  callingNumber: row(0x02, 'CALLING_NUMBER', text),
  callingPresentation: row(0x26, 'CALLINGPRES', uint8),
  callingTypeOfNumber: row(0x27, 'CALLINGTON', uint8),
  callingTransitNetwork: row(0x28, 'CALLINGTNS', uint16),
  callingAni2: row(0x39, 'CALLINGANI2', uint32),
  callingName: row(0x04, 'CALLING_NAME', text),
  callingAni: row(0x03, 'CALLING_ANI', text),
  language: row(0x0a, 'LANGUAGE', text),
  dnid: row(0x0d, 'DNID', text),
  rdnis: row(0x1c, 'RDNIS', text),
  calledContext: row(0x05, 'CALLED_CONTEXT', text),
  username: row(0x06, 'USERNAME', text),
  encryption: row(0x2b, 'ENCRYPTION', uint16),
  format: row(0x09, 'FORMAT', formatMask32),
  format2: row(0x38, 'FORMAT2', formatMask64),
  capability: row(0x08, 'CAPABILITY', formatMask32),
  capability2: row(0x37, 'CAPABILITY2', formatMask64),
  adsiCpe: row(0x0c, 'ADSICPE', uint16),
  samplingRate: row(0x29, 'SAMPLINGRATE', uint16),
  dateTime: row(0x1f, 'DATETIME', dateTime),
  refreshS: row(0x13, 'REFRESH', uint16),
  password: row(0x07, 'PASSWORD', text),
  md5Result: row(0x10, 'MD5_RESULT', text),
  rsaResult: row(0x11, 'RSA_RESULT', text),
  apparentAddress: row(0x12, 'APPARENT_ADDR', socketAddress),
  callNumber: row(0x15, 'CALLNO', uint16),
  transferId: row(0x1b, 'TRANSFERID', uint32),
  messageCount: row(0x18, 'MSGCOUNT', uint16),
  cause: row(0x16, 'CAUSE', text),
  causeCode: row(0x2a, 'CAUSECODE', uint8),
  iaxUnknown: row(0x17, 'IAX_UNKNOWN', uint8),
  musicOnHold: row(0x1a, 'MUSICONHOLD', text),
  rrJitterMs: row(0x2e, 'RR_JITTER', uint32),
  rrLoss: row(0x2f, 'RR_LOSS', loss),
  rrPackets: row(0x30, 'RR_PKTS', uint32),
  rrDelayMs: row(0x31, 'RR_DELAY', uint16),
  rrDropped: row(0x32, 'RR_DROPPED', uint32),
  rrOutOfOrder: row(0x33, 'RR_OOO', uint32),
  encryptionKey: row(0x2c, 'ENCKEY', raw),
  provisioning: row(0x1d, 'PROVISIONING', raw),
  aesProvisioning: row(0x1e, 'AESPROVISIONING', raw),
  deviceType: row(0x20, 'DEVICETYPE', text),
  serviceIdentifier: row(0x21, 'SERVICEIDENT', text),
  firmwareVersion: row(0x22, 'FIRMWAREVER', uint16),
  firmwareBlock: row(0x23, 'FWBLOCKDESC', uint32),
  firmwareBlockData: row(0x24, 'FWBLOCKDATA', raw),
  provisioningVersion: row(0x25, 'PROVVER', uint32),
  callToken: row(0x36, 'CALLTOKEN', raw),
};

/** The two elements that come in several pieces each. */
export const VARIABLE = 0x34;
export const OSPTOKEN = 0x35;

const SINGLE_KEYS = Object.keys(ELEMENTS) as SingleKey[];
const KEY_BY_ID = new Map<number, SingleKey>(SINGLE_KEYS.map((key) => [ELEMENTS[key].id, key]));
/** The key under which an element of this id is kept; undefined for an unknown one and for those in several pieces. */
export function elementKey(id: number): SingleKey | undefined {
  return KEY_BY_ID.get(id);
}

/** Several elements each, and what is not understood, go after the rest, but never after the call token. */
const SENDING_ORDER: readonly ElementKey[] = [
  ...SINGLE_KEYS.filter((key) => key !== 'callToken'),
  'ospToken',
  'variables',
  'unknown',
  'callToken',
];

const SENDING_PLACE = new Map<string, number>(SENDING_ORDER.map((key, place) => [key, place]));

/** Sorts keys by the order in which Asterisk sends them. A frame has few of all that there are. */
export function bySendingOrder(a: ElementKey, b: ElementKey): number {
  return SENDING_PLACE.get(a)! - SENDING_PLACE.get(b)!;
}

/** Name of an element's id as RFC 5456 and Asterisk spell it, undefined for an unknown id. */
export function elementName(id: number): string | undefined {
  if (id === VARIABLE) return 'VARIABLE';
  if (id === OSPTOKEN) return 'OSPTOKEN';
  const key = KEY_BY_ID.get(id);
  return key === undefined ? undefined : ELEMENTS[key].name;
}
