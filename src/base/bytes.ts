/** UTF-8 and hex. Pure parts compile without the DOM and Node: what every engine has of the Encoding Standard is declared here. */

declare const TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> };
declare const TextDecoder: new (
  label: 'utf-8',
  options: { readonly fatal: boolean; readonly ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Up to there a loop is faster than the call of the encoder. */
const SHORT_TEXT = 96;

/** What cannot be encoded, half of a surrogate pair, becomes U+FFFD. */
export function utf8Encode(text: string): Uint8Array {
  return (text.length <= SHORT_TEXT ? asciiEncode(text) : undefined) ?? encoder.encode(text);
}

/** Most protocol text is ASCII, and then a byte is a character; undefined where it is not. */
function asciiEncode(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  return writeAscii(text, bytes, 0) ? bytes : undefined;
}

/** Writes text of ASCII at a place that has room for it; false where it has other characters. */
export function writeAscii(text: string, to: Uint8Array, at: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return false;
    to[at + i] = code;
  }
  return true;
}

const MINIMUM = [0, 0x80, 0x800, 0x10000];

/** Decodes UTF-8; each byte that cannot be part of a character becomes U+FFFD. Never throws. */
export function utf8Decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return decodeFaulty(bytes);
  }
}

/** The platform gives one U+FFFD for several bytes. */
function decodeFaulty(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i]!;
    const extra =
      lead >= 0xf0 && lead < 0xf8 ? 3 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xc0 && lead < 0xe0 ? 1 : 0;
    let point = extra === 3 ? lead & 0x07 : extra === 2 ? lead & 0x0f : extra === 1 ? lead & 0x1f : lead;
    let k = 1;
    for (; k <= extra && i + k < bytes.length && (bytes[i + k]! & 0xc0) === 0x80; k++)
      point = (point << 6) | (bytes[i + k]! & 0x3f);
    const whole = (extra > 0 || lead < 0x80) && k === extra + 1;
    const legal = whole && point >= MINIMUM[extra]! && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
    text += legal ? String.fromCodePoint(point) : '\ufffd';
    i += legal ? extra + 1 : 1;
  }
  return text;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i]!]!;
  return text;
}

/** Bytes of hex text; blanks are passed over. Undefined if the text is not hex of whole bytes. */
export function fromHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/\s+/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) return undefined;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** V8 keeps arrays up to this length in its heap, and asks the system for the memory of each longer one. */
const SHORT_ARRAY = 64;
const BLOCK_LENGTH = 8192;
let block = new ArrayBuffer(BLOCK_LENGTH);
let blockUsed = 0;

/** An array of zeros that lives as long as a datagram: several lie in one block of memory, which costs a tenth. */
export function newBytes(length: number): Uint8Array {
  if (length <= SHORT_ARRAY || length > BLOCK_LENGTH / 4) return new Uint8Array(length);
  if (blockUsed + length > BLOCK_LENGTH) {
    block = new ArrayBuffer(BLOCK_LENGTH);
    blockUsed = 0;
  }
  blockUsed += length;
  return new Uint8Array(block, blockUsed - length, length);
}

/** Those from `from` on, in an array like that. */
export function copyBytes(bytes: Uint8Array, from = 0, end = bytes.length): Uint8Array {
  const copy = newBytes(end - from);
  copy.set(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end));
  return copy;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
