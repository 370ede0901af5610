import { describe, expect, it } from 'vitest';
import { messageLayout, readWord, writeWord } from '../../../src/io/message-layout.ts';

describe('the layout of struct mmsghdr', () => {
  it('is that of LP64: 64 bytes, the length behind 56', () => {
    expect(messageLayout(8)).toEqual({
      iovecBytes: 16,
      iovecLengthAt: 8,
      messageBytes: 64,
      nameLengthAt: 8,
      iovecAt: 16,
      iovecCountAt: 24,
      controlAt: 32,
      controlLengthAt: 40,
      lengthAt: 56,
      controlLevelAt: 8,
      controlValueAt: 16,
      controlLength: 18,
      controlBytes: 24,
    });
  });

  it('is that of ILP32 (armhf): 32 bytes, the length behind 28', () => {
    expect(messageLayout(4)).toEqual({
      iovecBytes: 8,
      iovecLengthAt: 4,
      messageBytes: 32,
      nameLengthAt: 4,
      iovecAt: 8,
      iovecCountAt: 12,
      controlAt: 16,
      controlLengthAt: 20,
      lengthAt: 28,
      controlLevelAt: 4,
      controlValueAt: 12,
      controlLength: 14,
      controlBytes: 16,
    });
  });

  it('has words of 4 or 8 bytes, the least byte first, also beyond 32 bits', () => {
    const view = new DataView(new ArrayBuffer(16));
    writeWord(view, 0, 0x7f12_89ab_cdef, 8);
    expect(view.getBigUint64(0, true)).toBe(0x7f12_89ab_cdefn);
    writeWord(view, 8, 0xfedc_ba98, 4);
    expect([view.getUint32(8, true), view.getUint32(12, true)]).toEqual([0xfedc_ba98, 0]);
    expect([readWord(view, 0, 8), readWord(view, 8, 4)]).toEqual([0x7f12_89ab_cdef, 0xfedc_ba98]);
  });
});
