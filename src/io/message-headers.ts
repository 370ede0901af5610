import type { Libc } from './libc.ts';
import { messageLayout, writeWord } from './message-layout.ts';
import { SOCKADDR_BYTES } from './socket-addresses.ts';

/** The structures by which one system call takes or gives many datagrams; laid once, one buffer for each message. */
export class MessageHeaders {
  /** The addresses of all messages, `SOCKADDR_BYTES` for each. */
  readonly names: Uint8Array;
  private readonly layout;
  private readonly view: DataView;
  /** The same memory: fields lie on multiples of 4. */
  private readonly words: Uint32Array;
  private readonly address: number;
  private readonly iovecsAt: number;

  constructor(
    private readonly libc: Libc,
    count: number,
    private readonly nameBytes: number,
  ) {
    const { pointerBytes } = libc;
    this.layout = messageLayout(pointerBytes);
    const { messageBytes, iovecBytes, iovecAt, iovecCountAt } = this.layout;
    this.iovecsAt = count * messageBytes;
    const namesAt = this.iovecsAt + count * iovecBytes;
    const memory = new ArrayBuffer(namesAt + count * SOCKADDR_BYTES);
    this.view = new DataView(memory);
    this.words = new Uint32Array(memory);
    this.names = new Uint8Array(memory, namesAt);
    this.address = libc.addressOf(memory);
    for (let i = 0; i < count; i++) {
      const at = i * messageBytes;
      writeWord(this.view, at, this.address + namesAt + i * SOCKADDR_BYTES, pointerBytes);
      writeWord(this.view, at + iovecAt, this.address + this.iovecsAt + i * iovecBytes, pointerBytes);
      writeWord(this.view, at + iovecCountAt, 1, pointerBytes);
    }
    this.resetNames(count);
  }

  /** The kernel writes the length of the address that came: before the next ones it must be told its room again. */
  resetNames(count: number): void {
    const { messageBytes, nameLengthAt } = this.layout;
    for (let i = 0; i < count; i++) this.words[(i * messageBytes + nameLengthAt) >> 2] = this.nameBytes;
  }

  /** Where the bytes of a message are, or go to. */
  setBuffer(i: number, address: number, length: number): void {
    const at = this.iovecsAt + i * this.layout.iovecBytes;
    writeWord(this.view, at, address, this.libc.pointerBytes);
    writeWord(this.view, at + this.layout.iovecLengthAt, length, this.libc.pointerBytes);
  }

  /** How many bytes of a message were received. */
  lengthOf(i: number): number {
    return this.words[(i * this.layout.messageBytes + this.layout.lengthAt) >> 2]!;
  }

  addressOf(i: number): number {
    return this.address + i * this.layout.messageBytes;
  }
}
