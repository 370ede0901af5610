import type { Libc } from './libc.ts';
import { messageLayout, writeWord } from './message-layout.ts';
import { SOCKADDR_BYTES } from './socket-addresses.ts';

/** A control message that says how long each datagram is of those that a message joins. */
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

const HIGH_WORD = 0x1_0000_0000;

/**
 * Memory as the kernel sees it. Places in it are told by their distance from its beginning: addresses are no small integers,
 * and would be made anew as an object for each function that they are handed to.
 */
export class KernelMemory {
  private readonly low: number;
  private readonly high: number;

  constructor(
    address: number,
    private readonly pointerBytes: 4 | 8,
  ) {
    this.low = address % HIGH_WORD;
    this.high = Math.floor(address / HIGH_WORD);
  }

  /** Writes the address of the place at `distance` into `words`, from word `at` on. */
  writeAddress(words: Uint32Array, at: number, distance: number): void {
    const low = this.low + distance;
    const carries = low >= HIGH_WORD;
    words[at] = carries ? low - HIGH_WORD : low;
    if (this.pointerBytes === 8) words[at + 1] = carries ? this.high + 1 : this.high;
  }
}

/** The structures by which one system call takes or gives many datagrams; laid once, with room for some parts of each. */
export class MessageHeaders {
  /** The addresses of all messages, `SOCKADDR_BYTES` for each. */
  readonly names: Uint8Array;
  private readonly layout;
  private readonly view: DataView;
  /** The same memory: fields lie on multiples of 4. */
  private readonly words: Uint32Array;
  private readonly address: number;
  private readonly memory: KernelMemory;
  private readonly firstAddress: bigint;
  private readonly iovecsAt: number;
  private readonly controlsAt: number;

  constructor(
    private readonly libc: Libc,
    count: number,
    private readonly nameBytes: number,
    private readonly parts = 1,
  ) {
    const { pointerBytes } = libc;
    this.layout = messageLayout(pointerBytes);
    const { messageBytes, iovecBytes, controlBytes } = this.layout;
    this.iovecsAt = count * messageBytes;
    this.controlsAt = this.iovecsAt + count * parts * iovecBytes;
    const namesAt = this.controlsAt + count * controlBytes;
    const memory = new ArrayBuffer(namesAt + count * SOCKADDR_BYTES);
    this.view = new DataView(memory);
    this.words = new Uint32Array(memory);
    this.names = new Uint8Array(memory, namesAt);
    this.address = libc.addressOf(memory);
    this.memory = new KernelMemory(this.address, pointerBytes);
    this.firstAddress = BigInt(this.address);
    for (let i = 0; i < count; i++) {
      writeWord(this.view, i * messageBytes, this.address + namesAt + i * SOCKADDR_BYTES, pointerBytes);
      this.layControl(i);
      this.setParts(i, 0, 1);
    }
    this.resetNames(count);
  }

  private layControl(i: number): void {
    const { messageBytes, controlAt, controlBytes, controlLength, controlLevelAt } = this.layout;
    const { pointerBytes } = this.libc;
    const at = this.controlsAt + i * controlBytes;
    writeWord(this.view, i * messageBytes + controlAt, this.address + at, pointerBytes);
    writeWord(this.view, at, controlLength, pointerBytes);
    this.view.setUint32(at + controlLevelAt, SOL_UDP, true);
    this.view.setUint32(at + controlLevelAt + 4, UDP_SEGMENT, true);
  }

  /** The kernel writes the length of the address that came: before the next ones it must be told its room again. */
  resetNames(count: number): void {
    const { messageBytes, nameLengthAt } = this.layout;
    for (let i = 0; i < count; i++) this.words[(i * messageBytes + nameLengthAt) >> 2] = this.nameBytes;
  }

  /** A message is so many of its parts, from one on: one datagram, or one of each `segmentBytes`. */
  setParts(i: number, first: number, count: number, segmentBytes = 0): void {
    const { layout, words } = this;
    const at = i * layout.messageBytes;
    const iovecAt = this.iovecsAt + (i * this.parts + first) * layout.iovecBytes;
    this.memory.writeAddress(words, (at + layout.iovecAt) >> 2, iovecAt);
    // Of a count or length the low half of the word is written: what is above it stays 0.
    words[(at + layout.iovecCountAt) >> 2] = count;
    words[(at + layout.controlLengthAt) >> 2] = segmentBytes === 0 ? 0 : layout.controlBytes;
    this.view.setUint16(this.controlsAt + i * layout.controlBytes + layout.controlValueAt, segmentBytes, true);
  }

  /** Where the bytes of a message, or of one of its parts, are, or go to: at that distance in `memory`. */
  setBuffer(i: number, memory: KernelMemory, bytesAt: number, length: number, part = 0): void {
    const at = this.iovecsAt + (i * this.parts + part) * this.layout.iovecBytes;
    memory.writeAddress(this.words, at >> 2, bytesAt);
    this.words[(at + this.layout.iovecLengthAt) >> 2] = length;
  }

  /** How many bytes of a message were received. */
  lengthOf(i: number): number {
    return this.words[(i * this.layout.messageBytes + this.layout.lengthAt) >> 2]!;
  }

  addressOf(i: number): bigint {
    return i === 0 ? this.firstAddress : BigInt(this.address + i * this.layout.messageBytes);
  }
}
