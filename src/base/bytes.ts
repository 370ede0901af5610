/** UTF-8 and hex without platform objects: pure parts compile without the DOM's TextDecoder and Node's Buffer. */

export function utf8Encode(text: string): Uint8Array {
  return asciiEncode(text) ?? encodeSymbols(text);
}

/** Most protocol text is ASCII, and then a byte is a character; undefined where it is not. */
function asciiEncode(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return undefined;
    bytes[i] = code;
  }
  return bytes;
}

function encodeSymbols(text: string): Uint8Array {
  const out: number[] = [];
  for (const symbol of text) {
    const code = symbol.codePointAt(0)!;
    const point = code >= 0xd800 && code <= 0xdfff ? 0xfffd : code;
    if (point < 0x80) out.push(point);
    else if (point < 0x800) out.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    else if (point < 0x10000) out.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    else {
      out.push(
        0xf0 | (point >> 18),
        0x80 | ((point >> 12) & 0x3f),
        0x80 | ((point >> 6) & 0x3f),
        0x80 | (point & 0x3f),
      );
    }
  }
  return Uint8Array.from(out);
}

/** Characters made at one go; more would not fit as arguments of one call. */
const ASCII_RUN = 4_096;

const MINIMUM = [0, 0x80, 0x800, 0x10000];

/** Decodes UTF-8; each byte that cannot be part of a character becomes U+FFFD. Never throws. */
export function utf8Decode(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i]!;
    if (lead < 0x80) {
      let end = i + 1;
      while (end < bytes.length && bytes[end]! < 0x80 && end - i < ASCII_RUN) end++;
      // Spread, the run would go through an iterator first, ten times as slow.
      text += String.fromCharCode.apply(null, bytes.subarray(i, end) as unknown as number[]);
      i = end;
      continue;
    }
    const extra =
      lead >= 0xf0 && lead < 0xf8 ? 3 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xc0 && lead < 0xe0 ? 1 : 0;
    let point = extra === 3 ? lead & 0x07 : extra === 2 ? lead & 0x0f : lead & 0x1f;
    let k = 1;
    for (; k <= extra && i + k < bytes.length && (bytes[i + k]! & 0xc0) === 0x80; k++)
      point = (point << 6) | (bytes[i + k]! & 0x3f);
    const whole = extra > 0 && k === extra + 1;
    const legal = whole && point >= MINIMUM[extra]! && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
    text += legal ? String.fromCodePoint(point) : '\ufffd';
    i += legal ? extra + 1 : 1;
  }
  return text;
}

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
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
