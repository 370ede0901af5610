import { arch } from 'node:process';
import type { Libc } from './libc.ts';

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;

/** How many of those that can be read are told at a time; the others come first in the next turn. */
const EVENTS = 1024;

/** Where C's `struct epoll_event` has what we put in: Linux packs it on x86 alone. */
const DATA_AT = arch === 'x64' || arch === 'ia32' ? 4 : 8;
const EVENT_BYTES = DATA_AT + 8;

/** Sockets of which the kernel keeps in mind which can be read (epoll), each with a number of ours. */
export class ReadableSet {
  /** −1 if there is none to be had. */
  readonly fd: number;
  private readonly event = new DataView(new ArrayBuffer(EVENT_BYTES));
  private readonly eventBytes = new Uint8Array(this.event.buffer);

  constructor(private readonly libc: Libc) {
    this.fd = libc.epollCreate(EPOLL_CLOEXEC);
  }

  /** False if that is not possible. `number`: 32 bits. */
  add(fd: number, number: number): boolean {
    this.event.setUint32(0, EPOLLIN, true);
    this.event.setInt32(DATA_AT, fd, true);
    this.event.setUint32(DATA_AT + 4, number, true);
    return this.libc.epollCtl(this.fd, EPOLL_CTL_ADD, fd, this.eventBytes) === 0;
  }

  remove(fd: number): void {
    this.libc.epollCtl(this.fd, EPOLL_CTL_DEL, fd, this.eventBytes);
  }

  close(): void {
    if (this.fd >= 0) this.libc.close(this.fd);
  }
}

/** Tells, on any thread, which sockets of a set can be read now. */
export class ReadableLook {
  private readonly events = new Int32Array((EVENTS * EVENT_BYTES) / 4);
  private readonly address: bigint;

  constructor(
    private readonly libc: Libc,
    private readonly fd: number,
  ) {
    this.address = BigInt(libc.addressOf(this.events.buffer));
  }

  /** How many; they are told until the next look. */
  look(): number {
    return Math.max(0, this.libc.epollWait(this.fd, this.address, EVENTS, 0));
  }

  descriptorOf(index: number): number {
    return this.events[(index * EVENT_BYTES + DATA_AT) >> 2]!;
  }

  numberOf(index: number): number {
    return this.events[((index * EVENT_BYTES + DATA_AT) >> 2) + 1]!;
  }
}
