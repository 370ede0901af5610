import { describe, expect, it } from 'vitest';
import { atomCrc, eepromImage, type HatIdentity } from '../../../board/eeprom.ts';
import { HEADER_PINS } from '../../../board/header-pins.ts';
import { toHex, utf8Decode, utf8Encode } from '../../../src/base/bytes.ts';

const IDENTITY: HatIdentity = {
  uuid: Uint8Array.from({ length: 16 }, (_, i) => i),
  vendor: 'Branchline',
  product: 'branchline-hat-4',
  productId: 0x0102,
  productVersion: 3,
  pins: HEADER_PINS,
  overlay: Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed, 1),
};

/** The atoms of an image, read by the lengths that they give. */
function atomsOf(image: Uint8Array) {
  const view = new DataView(image.buffer);
  const atoms: { type: number; count: number; data: Uint8Array; good: boolean }[] = [];
  for (let at = 12; at < image.length; ) {
    const length = view.getUint32(at + 4, true);
    const end = at + 8 + length;
    const good = view.getUint16(end - 2, true) === atomCrc(image.subarray(at, end - 2));
    const [type, count] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    atoms.push({ type, count, data: image.subarray(at + 8, end - 2), good });
    at = end;
  }
  return atoms;
}

describe('the image of the EEPROM', () => {
  const image = eepromImage(IDENTITY);
  const atoms = atomsOf(image);

  it('has the check sum that CRC-16/ARC is known by', () => {
    expect(atomCrc(utf8Encode('123456789'))).toBe(0xbb3d);
  });

  it('begins with signature, version, number of atoms and its own length', () => {
    expect(utf8Decode(image.subarray(0, 4))).toBe('R-Pi');
    expect(toHex(image.subarray(4, 8))).toBe('01000300');
    expect(new DataView(image.buffer).getUint32(8, true)).toBe(image.length);
  });

  it('holds vendor, pins and overlay, each with a right check sum', () => {
    expect(atoms.map(({ type, count, good }) => [type, count, good])).toEqual([
      [1, 0, true],
      [2, 1, true],
      [3, 2, true],
    ]);
    const [vendor, pins, overlay] = atoms.map(({ data }) => data);
    expect(toHex(vendor!.subarray(0, 22))).toBe('000102030405060708090a0b0c0d0e0f020103000a10');
    expect(utf8Decode(vendor!.subarray(22))).toBe('Branchlinebranchline-hat-4');
    expect(pins).toHaveLength(30);
    expect([...pins!.subarray(2 + 14, 2 + 18)]).toEqual([0xe4, 0xa4, 0xa7, 0xe7]);
    expect([...pins!.subarray(0, 2 + 14)]).toEqual(new Array(16).fill(0));
    expect(overlay).toEqual(IDENTITY.overlay);
  });

  it('refuses what cannot be written', () => {
    expect(() => eepromImage({ ...IDENTITY, vendor: 'é' })).toThrow(RangeError);
    expect(() => eepromImage({ ...IDENTITY, vendor: 'x'.repeat(256) })).toThrow(RangeError);
    expect(() => eepromImage({ ...IDENTITY, uuid: new Uint8Array(15) })).toThrow(RangeError);
    expect(() => eepromImage({ ...IDENTITY, pins: new Map([[28, { use: 'input', pull: 'up' }]]) })).toThrow(RangeError);
  });
});
