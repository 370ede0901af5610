/** The identification EEPROM of a Raspberry Pi HAT: the header "R-Pi", then atoms, each with its check sum. */

export interface HatIdentity {
  /** 16 bytes, another for each board. */
  readonly uuid: Uint8Array;
  readonly vendor: string;
  readonly product: string;
  readonly productId: number;
  readonly productVersion: number;
  /** What each GPIO of the header is used for, by its number. */
  readonly pins: ReadonlyMap<number, HeaderPin>;
  /** The compiled device-tree overlay. */
  readonly overlay: Uint8Array;
}

export interface HeaderPin {
  readonly use: 'input' | 'output' | 'alt0' | 'alt3';
  readonly pull: 'default' | 'up' | 'down' | 'none';
}

const VERSION = 1;
const HEADER_BYTES = 12;
const GPIOS = 28;
const ATOM = { vendor: 1, gpioMap: 2, overlay: 3 } as const;
const USE = { input: 0, output: 1, alt0: 4, alt3: 7 } as const;
const PULL = { default: 0, up: 1, down: 2, none: 3 } as const;
const PIN_USED = 0x80;

/** The whole image. Throws when the identity cannot be written: a text is too long, a pin is not on the header. */
export function eepromImage(identity: HatIdentity): Uint8Array {
  const atoms = [
    atom(ATOM.vendor, 0, vendorInfo(identity)),
    atom(ATOM.gpioMap, 1, gpioMap(identity.pins)),
    atom(ATOM.overlay, 2, identity.overlay),
  ];
  const length = atoms.reduce((sum, one) => sum + one.length, HEADER_BYTES);
  const image = new Uint8Array(length);
  const view = new DataView(image.buffer);
  image.set(ascii('R-Pi'));
  view.setUint8(4, VERSION);
  view.setUint16(6, atoms.length, true);
  view.setUint32(8, length, true);
  let at = HEADER_BYTES;
  for (const one of atoms) {
    image.set(one, at);
    at += one.length;
  }
  return image;
}

/** CRC-16 with the polynomial 0x8005, least significant bit first, from 0. */
export function atomCrc(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}

function atom(type: number, count: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + data.length + 2);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, type, true);
  view.setUint16(2, count, true);
  view.setUint32(4, data.length + 2, true);
  bytes.set(data, 8);
  view.setUint16(8 + data.length, atomCrc(bytes.subarray(0, 8 + data.length)), true);
  return bytes;
}

function vendorInfo({ uuid, vendor, product, productId, productVersion }: HatIdentity): Uint8Array {
  if (uuid.length !== 16) throw new RangeError('A UUID has 16 bytes.');
  const texts = [ascii(vendor), ascii(product)] as const;
  const bytes = new Uint8Array(22 + texts[0].length + texts[1].length);
  const view = new DataView(bytes.buffer);
  bytes.set(uuid);
  view.setUint16(16, productId, true);
  view.setUint16(18, productVersion, true);
  view.setUint8(20, texts[0].length);
  view.setUint8(21, texts[1].length);
  bytes.set(texts[0], 22);
  bytes.set(texts[1], 22 + texts[0].length);
  return bytes;
}

function gpioMap(pins: ReadonlyMap<number, HeaderPin>): Uint8Array {
  // Drive strength and slew stay as they are, and the HAT feeds no power back.
  const bytes = new Uint8Array(2 + GPIOS);
  for (const [gpio, { use, pull }] of pins) {
    if (!(gpio >= 0 && gpio < GPIOS)) throw new RangeError(`GPIO ${gpio} is not on the header.`);
    bytes[2 + gpio] = PIN_USED | (PULL[pull] << 5) | USE[use];
  }
  return bytes;
}

function ascii(text: string): Uint8Array {
  if (text.length > 255 || /[^\x20-\x7e]/.test(text))
    throw new RangeError(`${JSON.stringify(text)} cannot be written.`);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
