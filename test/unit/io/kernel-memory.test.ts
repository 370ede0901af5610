import { describe, expect, it } from 'vitest';
import { KernelMemory } from '../../../src/io/message-headers.ts';

describe('The address of a place in memory', () => {
  it('carries into the upper word', () => {
    const words = new Uint32Array(2);
    new KernelMemory(0x7fff_ffff_ff00, 8).writeAddress(words, 0, 0x1ff);
    expect([...words]).toEqual([0xff, 0x8000]);
  });

  it('has the upper word of the beginning where nothing is carried', () => {
    const words = new Uint32Array(2);
    new KernelMemory(0x7fff_ffff_ff00, 8).writeAddress(words, 0, 0xff);
    expect([...words]).toEqual([0xffff_ffff, 0x7fff]);
  });

  it('takes one word where pointers have 4 bytes', () => {
    const words = Uint32Array.of(0, 7);
    new KernelMemory(0xf000_0000, 4).writeAddress(words, 0, 0x10);
    expect([...words]).toEqual([0xf000_0010, 7]);
  });
});
