const RATE_HZ = 8000;
const BAUD = 1200;
const MARK_HZ = 1300;
const SPACE_HZ = 2100;
/** About a bit. */
const WINDOW = 7;
const LOUD = 1e5;

/** The bytes of V.23 in a sound at 8 kHz, 8N1 with the low bit first. [V.23 §1] */
export function v23BytesIn(sound: Int16Array): Uint8Array {
  const energy = (hz: number, from: number) => {
    let re = 0;
    let im = 0;
    for (let i = from; i < from + WINDOW; i++) {
      re += (sound[i] ?? 0) * Math.cos((2 * Math.PI * hz * i) / RATE_HZ);
      im += (sound[i] ?? 0) * Math.sin((2 * Math.PI * hz * i) / RATE_HZ);
    }
    return re ** 2 + im ** 2;
  };
  const isSpace = (at: number) => {
    const space = energy(SPACE_HZ, Math.round(at - WINDOW / 2));
    return space > LOUD && space > energy(MARK_HZ, Math.round(at - WINDOW / 2));
  };
  const bit = RATE_HZ / BAUD;
  const bytes: number[] = [];
  for (let at = WINDOW; at < sound.length - 10 * bit; ) {
    if (!isSpace(at)) {
      at++;
      continue;
    }
    let byte = 0;
    for (let i = 0; i < 8; i++) if (!isSpace(at + (i + 1.5) * bit)) byte |= 1 << i;
    if (isSpace(at + 0.5 * bit) && !isSpace(at + 9.5 * bit)) bytes.push(byte);
    at += 9.5 * bit;
  }
  return Uint8Array.from(bytes);
}

export interface ShownCaller {
  readonly number?: string;
  /** Why there is no number: P, O, C or S. */
  readonly absence?: string;
}

/**
 * What a telephone with Number Display shows; a text where the frame is not whole. It reads as Asterisk's receiver for Japan does:
 * bit-reversed bytes into a CRC of 0x1021 from behind SOH on, and a DLE in front of everything but the length taken away.
 */
export function numberDisplayIn(bytes: Uint8Array): ShownCaller | string {
  const begin = bytes.findIndex((byte, i) => (byte & 0x7f) === 0x10 && (bytes[i + 1]! & 0x7f) === 0x01);
  if (begin < 0) return 'no frame';
  const frame = bytes.subarray(begin + 2);
  let at = 0;
  let bad = false;
  const raw = () => {
    const byte = frame[at++] ?? 0;
    if (byte.toString(2).replaceAll('0', '').length % 2 !== 0) bad = true;
    return byte & 0x7f;
  };
  const next = () => {
    const byte = raw();
    return byte === 0x10 ? raw() : byte;
  };
  if (next() !== 0x07 || next() !== 0x02 || next() !== 0x40) return 'no caller';
  const length = raw();
  const text = Array.from({ length }, next);
  if (next() !== 0x03) return 'no end';
  if (bad) return 'odd parity';
  if (crc(frame.subarray(0, at + 2)) !== 0) return 'bad CRC';
  const [kind, count, ...rest] = text;
  if (rest.length !== count) return 'bad length';
  const value = String.fromCharCode(...rest);
  if (kind === 0x02) return { number: value };
  return kind === 0x04 ? { absence: value } : 'unknown';
}

function crc(bytes: Uint8Array): number {
  let rest = 0;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) {
      const out = (rest >> 15) ^ ((byte >> bit) & 1);
      rest = (rest << 1) & 0xffff;
      if (out === 1) rest ^= 0x1021;
    }
  return rest;
}
