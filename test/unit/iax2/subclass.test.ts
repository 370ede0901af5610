import { describe, expect, it } from 'vitest';
import {
  compressSubclass,
  controlSubclassName,
  expandSubclass,
  FRAME_TYPE,
  frameTypeName,
  htmlSubclassName,
  IAX_SUBCLASS,
  iaxSubclassName,
  isFinal,
  isOutsideSequence,
} from '../../../src/iax2/subclass.ts';

describe('subclass bytes', () => {
  it.each([
    [0, 0x00],
    [4, 0x04],
    [64, 0x40],
    [127, 0x7f],
    [128, 0x87],
    [256, 0x88],
    [2 ** 31, 0x9f],
    [2 ** 34, 0xa2],
    [2 ** 62, 0xbe],
    [2 ** 63, 0xbf],
    [-1, 0xff],
  ])('of %d is %d [RFC5456 §8.1.1]', (subclass, byte) => {
    expect(compressSubclass(subclass)).toBe(byte);
    expect(expandSubclass(byte)).toBe(subclass);
  });

  it('read every logarithm, also those that Asterisk never sends', () => {
    for (let bit = 0; bit < 0x40; bit++) expect(expandSubclass(0x80 | bit)).toBe(2 ** bit);
  });

  it.each([129, 200, 255, 257, 2 ** 64, -2, 0.5, Number.NaN])('do not exist for %d', (subclass) => {
    expect(compressSubclass(subclass)).toBeUndefined();
  });
});

describe('names', () => {
  it('are the RFC’s [RFC5456 §8.2] [RFC5456 §8.3] [RFC5456 §8.4] [RFC5456 §8.5]', () => {
    expect(frameTypeName(6)).toBe('IAX');
    expect(iaxSubclassName(13)).toBe('REGREQ');
    expect(controlSubclassName(-1)).toBe('STOP_SOUNDS');
    expect(controlSubclassName(4)).toBe('ANSWER');
    expect(htmlSubclassName(16)).toBe('LDCOMPLETE');
  });

  it('are missing for numbers that have none', () => {
    expect(frameTypeName(13)).toBeUndefined();
    expect(iaxSubclassName(0)).toBeUndefined();
    expect(iaxSubclassName(41)).toBeUndefined();
    expect(controlSubclassName(32)).toBeUndefined();
    expect(htmlSubclassName(3)).toBeUndefined();
  });
});

describe('what a message is to the reliable layer', () => {
  const names = (test: (frameType: number, subclass: number) => boolean) =>
    Object.entries(IAX_SUBCLASS).flatMap(([name, value]) => (test(FRAME_TYPE.IAX, value) ? [name] : []));

  it('outside the sequence are ACK, INVAL, VNAK, TXCNT, TXACC and CALLTOKEN [RFC5456 §7]', () => {
    expect(names(isOutsideSequence)).toEqual(['ACK', 'INVAL', 'VNAK', 'TXCNT', 'TXACC', 'CALLTOKEN']);
  });

  it('final are HANGUP, REJECT, REGACK, REGREJ and TXREL', () => {
    expect(names(isFinal)).toEqual(['HANGUP', 'REJECT', 'REGACK', 'REGREJ', 'TXREL']);
  });

  it('holds only of IAX frames: control 4 is ANSWER, not ACK', () => {
    for (const frameType of Object.values(FRAME_TYPE).filter((type) => type !== FRAME_TYPE.IAX)) {
      for (let subclass = 0; subclass < 64; subclass++) {
        expect(isOutsideSequence(frameType, subclass)).toBe(false);
        expect(isFinal(frameType, subclass)).toBe(false);
      }
    }
  });
});
