import { concatBytes, utf8Decode, utf8Encode } from '../base/bytes.ts';
import type { Address } from '../base/machine.ts';
import {
  bySendingOrder,
  ELEMENTS,
  type ElementKey,
  type ElementRow,
  type ElementValue,
  elementKey,
  OSPTOKEN,
  type SingleKey,
  VARIABLE,
} from './element-table.ts';
import { cutUtf8, type DateTime, type Loss, MAX_ELEMENT_LENGTH, raw } from './element-value.ts';
import { ElementWriter } from './element-writer.ts';
import { type Malformed, malformed } from './malformed.ts';

/**
 * The information elements of an IAX frame. Decoded, the keys stand in the order in which the elements came.
 * [RFC5456 §8.6]
 */
export interface InformationElements {
  /** Protocol version, 2; first in a NEW. [RFC5456 §8.6.10] */
  version?: number | undefined;
  /** AUTH_METHOD bits. [RFC5456 §8.6.13] */
  authMethods?: number | undefined;
  /** Bytes, since in an RTKEY it is the new key itself. [RFC5456 §8.6.14] */
  challenge?: Uint8Array | undefined;
  /** `TBD` in a NEW opens a call for dialplan lookups. [RFC5456 §8.6.1] */
  calledNumber?: string | undefined;
  /** DPSTATUS bits. [RFC5456 §8.6.19] */
  dialplanStatus?: number | undefined;
  /** [RFC5456 §8.6.24] */
  autoAnswer?: true | undefined;
  /** Letters in order of preference, see media-format. [RFC5456 §8.6.35] */
  codecPreferences?: string | undefined;
  /** [RFC5456 §8.6.2] */
  callingNumber?: string | undefined;
  /** Q.931 presentation and screening. [RFC5456 §8.6.29] */
  callingPresentation?: number | undefined;
  /** Q.931 type of number. [RFC5456 §8.6.30] */
  callingTypeOfNumber?: number | undefined;
  /** Transit network selection. [RFC5456 §8.6.31] */
  callingTransitNetwork?: number | undefined;
  /** Originating line information, Asterisk's. */
  callingAni2?: number | undefined;
  /** [RFC5456 §8.6.4] */
  callingName?: string | undefined;
  /** Number for billing. [RFC5456 §8.6.3] */
  callingAni?: string | undefined;
  /** [RFC5456 §8.6.9] */
  language?: string | undefined;
  /** Number dialled in the first place. [RFC5456 §8.6.12] */
  dnid?: string | undefined;
  /** Number that referred the call. [RFC5456 §8.6.27] */
  rdnis?: string | undefined;
  /** [RFC5456 §8.6.5] */
  calledContext?: string | undefined;
  /** [RFC5456 §8.6.6] */
  username?: string | undefined;
  /** ENCRYPTION_METHOD bits. [RFC5456 §8.6.34] */
  encryption?: number | undefined;
  /** Set of formats, 32 bits: one in ACCEPT, the wish in NEW. [RFC5456 §8.6.8] */
  format?: bigint | undefined;
  /** The same with 64 bits, Asterisk's; counts for more than `format`. */
  format2?: bigint | undefined;
  /** All formats that the sender can, 32 bits. [RFC5456 §8.6.7] */
  capability?: bigint | undefined;
  /** The same with 64 bits, Asterisk's; counts for more than `capability`. */
  capability2?: bigint | undefined;
  /** [RFC5456 §8.6.11] */
  adsiCpe?: number | undefined;
  /** SAMPLINGRATE bits in Asterisk. [RFC5456 §8.6.32] */
  samplingRate?: number | undefined;
  /** [RFC5456 §8.6.28] */
  dateTime?: DateTime | undefined;
  /** Seconds for which a registration or a dialplan answer holds. [RFC5456 §8.6.18] */
  refreshS?: number | undefined;
  /** Plain text, a secret. The RFC has withdrawn it, Asterisk has it. */
  password?: string | undefined;
  /** 32 hex digits. Raw, it is the AES key of the call: as secret as the password. [RFC5456 §8.6.15] */
  md5Result?: string | undefined;
  /** Base64. [RFC5456 §8.6.16] */
  rsaResult?: string | undefined;
  /** Where the sender sees the receiver, or where a transfer goes. [RFC5456 §8.6.17] */
  apparentAddress?: Address | undefined;
  /** [RFC5456 §8.6.20] */
  callNumber?: number | undefined;
  /** [RFC5456 §8.6.26] */
  transferId?: number | undefined;
  /** New messages in the low byte, old ones in the high; 0xffff = some. [RFC5456 §8.6.23] */
  messageCount?: number | undefined;
  /** Sentence. [RFC5456 §8.6.21] */
  cause?: string | undefined;
  /** Q.850 value. [RFC5456 §8.6.33] */
  causeCode?: number | undefined;
  /** Subclass that the sender does not know. [RFC5456 §8.6.22] */
  iaxUnknown?: number | undefined;
  /** Class of music, often empty. [RFC5456 §8.6.25] */
  musicOnHold?: string | undefined;
  /** ms. [RFC5456 §8.6.36] */
  rrJitterMs?: number | undefined;
  /** [RFC5456 §8.6.37] */
  rrLoss?: Loss | undefined;
  /** Frames received. [RFC5456 §8.6.38] */
  rrPackets?: number | undefined;
  /** ms that the playout buffer adds at most. [RFC5456 §8.6.39] */
  rrDelayMs?: number | undefined;
  /** Frames dropped. [RFC5456 §8.6.40] */
  rrDropped?: number | undefined;
  /** Frames out of order. [RFC5456 §8.6.41] */
  rrOutOfOrder?: number | undefined;
  /** Reserved, and never used by anyone. [RFC5456 §8.6] */
  encryptionKey?: Uint8Array | undefined;
  /** Nested elements, see provisioning. */
  provisioning?: Uint8Array | undefined;
  aesProvisioning?: Uint8Array | undefined;
  deviceType?: string | undefined;
  serviceIdentifier?: string | undefined;
  firmwareVersion?: number | undefined;
  /** First block in the upper 24 bits, block size in the low 8. */
  firmwareBlock?: number | undefined;
  firmwareBlockData?: Uint8Array | undefined;
  provisioningVersion?: number | undefined;
  /** Open Settlement token, all its blocks joined; at most 4 × 254 bytes. */
  ospToken?: Uint8Array | undefined;
  /** Channel variables; long values are split over elements of one name and joined again. Asterisk's. */
  variables?: ReadonlyMap<string, string> | undefined;
  /** Elements that were passed over: unknown, or of a length that theirs cannot have. */
  unknown?: readonly RawElement[] | undefined;
  /** Empty = please send one. Opaque: sent back byte for byte. Asterisk's. */
  callToken?: Uint8Array | undefined;
}

/** An element as it is on the wire. */
export interface RawElement {
  readonly id: number;
  readonly data: Uint8Array;
}

/** Bits of AUTHMETHODS. [RFC5456 §8.6.13] */
export const AUTH_METHOD = { PLAINTEXT: 1, MD5: 2, RSA: 4 } as const;
/** Bits of ENCRYPTION. [RFC5456 §8.6.34]; KEY_ROTATION is Asterisk's. */
export const ENCRYPTION_METHOD = { AES128: 0x0001, KEY_ROTATION: 0x8000 } as const;
/** Bits of DPSTATUS: one of the first three, with any of the others. [RFC5456 §8.6.19] */
export const DPSTATUS = { EXISTS: 1, CANEXIST: 2, NONEXISTENT: 4, IGNOREPAT: 0x4000, MATCHMORE: 0x8000 } as const;
/** Bits of SAMPLINGRATE as Asterisk has them. */
export const SAMPLING_RATE = { KHZ_8: 1, KHZ_11: 2, KHZ_16: 4, KHZ_22: 8, KHZ_44: 16, KHZ_48: 32 } as const;

/** Where every body is written before its length is known. */
const writer = new ElementWriter();

const EQUALS = 0x3d;
/** Leaves room for the equals sign and at least one character of the value. */
const MAX_VARIABLE_NAME = MAX_ELEMENT_LENGTH - 5;
const OSPTOKEN_BLOCKS = 4;
const OSPTOKEN_BLOCK_LENGTH = 254;

/** The elements as they are on the wire, in order; data are views. Never throws. */
export function decodeRawElements(bytes: Uint8Array): readonly RawElement[] | Malformed {
  const elements: RawElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 2) return malformed('element-overrun');
    const end = at + 2 + bytes[at + 1]!;
    if (end > bytes.length) return malformed('element-overrun');
    elements.push({ id: bytes[at]!, data: bytes.subarray(at + 2, end) });
    at = end;
  }
  return elements;
}

export function encodeRawElements(elements: readonly RawElement[]): Uint8Array {
  writer.begin();
  for (const { id, data } of elements) writer.add(id, raw, data);
  return writer.take();
}

/**
 * Reads the body of an IAX frame. Of an element that comes twice the last counts, but VARIABLEs of one name are joined.
 * An element of an impossible length is passed over, as is an unknown one; only an element that runs over the end of
 * the frame makes the whole malformed, as in Asterisk. Never throws.
 */
export function decodeInformationElements(bytes: Uint8Array): InformationElements | Malformed {
  const elements = decodeRawElements(bytes);
  if ('type' in elements) return elements;
  const ies: InformationElements = {};
  let variables: Map<string, Uint8Array[]> | undefined;
  const ospBlocks: Uint8Array[] = [];
  let unknown: RawElement[] | undefined;
  for (const element of elements) {
    const key = elementKey(element.id);
    if (key !== undefined && decodeInto(ies, key, element.data)) continue;
    if (element.id === VARIABLE) {
      addVariable((variables ??= new Map()), element.data);
      ies.variables = NO_VARIABLES;
    } else if (element.id === OSPTOKEN && addOspBlock(ospBlocks, element.data)) {
      ies.ospToken = NO_TOKEN;
    } else {
      unknown ??= [];
      ies.unknown = unknown;
      unknown.push(element);
    }
  }
  if (variables !== undefined) ies.variables = joinVariables(variables);
  // `filter` closes the gaps of blocks that did not come.
  if (ospBlocks.length > 0) ies.ospToken = concatBytes(ospBlocks.filter(() => true));
  return ies;
}

/** Hold the place in the order of keys until all parts are there. */
const NO_VARIABLES: ReadonlyMap<string, string> = new Map();
const NO_TOKEN = new Uint8Array(0);

function decodeInto<Key extends SingleKey>(ies: InformationElements, key: Key, data: Uint8Array): boolean {
  const value = decodeElement(key, data);
  if (value === undefined) return false;
  ies[key] = value;
  return true;
}

/** The value of one element's data, undefined if they cannot be one. */
export function decodeElement<Key extends SingleKey>(key: Key, data: Uint8Array): ElementValue<Key> | undefined {
  return (ELEMENTS[key] as ElementRow<ElementValue<Key>>).codec.decode(data);
}

function addVariable(variables: Map<string, Uint8Array[]>, data: Uint8Array): void {
  const equals = data.indexOf(EQUALS);
  const name = utf8Decode(equals < 0 ? data : data.subarray(0, equals));
  const part = equals < 0 ? data.subarray(data.length) : data.subarray(equals + 1);
  const parts = variables.get(name);
  if (parts === undefined) variables.set(name, [part]);
  else parts.push(part);
}

/** Asterisk cuts a long value anywhere, also within a character, so the bytes are joined before they become text. */
function joinVariables(variables: ReadonlyMap<string, Uint8Array[]>): ReadonlyMap<string, string> {
  const joined = new Map<string, string>();
  for (const [name, parts] of variables) joined.set(name, utf8Decode(concatBytes(parts)));
  return joined;
}

function addOspBlock(blocks: Uint8Array[], data: Uint8Array): boolean {
  const index = data[0];
  if (index === undefined || index >= OSPTOKEN_BLOCKS) return false;
  blocks[index] = data.subarray(1);
  return true;
}

/**
 * Writes the body of an IAX frame: in the order in which Asterisk sends them, the call token last, or `as-given`, in
 * the order of the keys, which for decoded elements is the order of their arrival.
 */
export function encodeInformationElements(
  ies: InformationElements,
  order: 'asterisk' | 'as-given' = 'asterisk',
): Uint8Array {
  const keys = Object.keys(ies) as ElementKey[];
  if (order === 'asterisk') keys.sort(bySendingOrder);
  writer.begin();
  for (const key of keys) {
    if (key === 'variables') writeVariables(ies.variables);
    else if (key === 'ospToken') writeOspToken(ies.ospToken);
    else if (key === 'unknown') for (const { id, data } of ies.unknown ?? []) writer.add(id, raw, data);
    else writeSingle(ies, key);
  }
  return writer.take();
}

function writeSingle<Key extends SingleKey>(ies: InformationElements, key: Key): void {
  const value = ies[key] as ElementValue<Key> | undefined;
  if (value === undefined) return;
  const { id, codec } = ELEMENTS[key] as ElementRow<ElementValue<Key>>;
  writer.add(id, codec, value);
}

function writeVariables(variables: ReadonlyMap<string, string> | undefined): void {
  for (const [name, value] of variables ?? []) {
    const prefix = concatBytes([cutUtf8(utf8Encode(name), MAX_VARIABLE_NAME), Uint8Array.of(EQUALS)]);
    let rest = utf8Encode(value);
    do {
      const part = cutUtf8(rest, MAX_ELEMENT_LENGTH - prefix.length);
      writer.add(VARIABLE, raw, concatBytes([prefix, part]));
      rest = rest.subarray(part.length);
    } while (rest.length > 0);
  }
}

function writeOspToken(token: Uint8Array | undefined): void {
  if (token === undefined) return;
  for (let block = 0; block < OSPTOKEN_BLOCKS && block * OSPTOKEN_BLOCK_LENGTH < Math.max(token.length, 1); block++) {
    const at = block * OSPTOKEN_BLOCK_LENGTH;
    const part = token.subarray(at, at + OSPTOKEN_BLOCK_LENGTH);
    writer.add(OSPTOKEN, raw, concatBytes([Uint8Array.of(block), part]));
  }
}
