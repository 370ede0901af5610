import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { getSystemErrorName } from 'node:util';

/** What is watched for datagrams; `onReadable` comes once for each turn of the event loop in which there are some. */
export interface ReadableWatch {
  stop(): void;
  start(): void;
  close(): void;
}

/**
 * The system calls that Node has no words for. Memory is told by its address, which stays the same as long as its
 * ArrayBuffer is referenced. All give −1 where they fail; `errno` says why.
 */
export interface Libc {
  readonly pointerBytes: 4 | 8;
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  getsockname(fd: number, address: Uint8Array, length: Int32Array): number;
  setsockopt(fd: number, level: number, option: number, value: Int32Array, length: number): number;
  /** `length` is what there is room for, then what was written. */
  getsockopt(fd: number, level: number, option: number, value: Int32Array, length: Int32Array): number;
  close(fd: number): number;
  /**
   * `messages` is the address of `count` structures `mmsghdr`; gives how many of them were filled or sent. Addresses that are
   * told again and again are BigInts: a number of that size, kept in a field, is made anew for each call.
   */
  recvmmsg(fd: number, messages: bigint, count: number, flags: number): number;
  sendmmsg(fd: number, messages: bigint, count: number, flags: number): number;
  /** `name`, a `struct sockaddr`, is an address. */
  connect(fd: number, name: bigint, nameLength: number): number;
  /** `bytes` and `name`, a `struct sockaddr`, are addresses. */
  sendto(fd: number, bytes: bigint, length: number, flags: number, name: bigint, nameLength: number): number;
  /** Another descriptor of the same socket, which programs that are started do not get. */
  duplicate(fd: number): number;
  epollCreate(flags: number): number;
  /** `event`: a structure `epoll_event`. */
  epollCtl(epoll: number, operation: number, fd: number, event: Uint8Array): number;
  /** `events` is the address of `count` structures `epoll_event`. */
  epollWait(epoll: number, events: bigint, count: number, timeoutMs: number): number;
  /** `entries`: `count` structures `pollfd`. */
  poll(entries: Uint8Array, count: number, timeoutMs: number): number;
  /** `time` is the address of a `timespec`. Gives 0, or the number of the error. */
  clockNanosleep(clock: number, flags: number, time: bigint): number;
  /** Writes a `timespec` to the address `time`. */
  clockGettime(clock: number, time: bigint): number;
  eventfd(initial: number, flags: number): number;
  read(fd: number, bytes: Uint8Array, length: number): number;
  write(fd: number, bytes: Uint8Array, length: number): number;
  /** `thread` 0 is the one that calls. */
  schedSetscheduler(thread: number, policy: number, parameter: Int32Array): number;
  addressOf(memory: ArrayBuffer): number;
  /** Name of the last error, as `EAGAIN`. */
  errno(): string;
  watch(fd: number, onReadable: () => void): ReadableWatch;
}

const F_DUPFD_CLOEXEC = 1030;

type Koffi = typeof import('koffi');

/** Loads the C library through koffi, whose binaries are prebuilt; gives why that cannot be. */
export function loadLibc(): Libc | { readonly failed: string } {
  if (endianness() !== 'LE') return { failed: 'this machine is big-endian' };
  try {
    return declare(createRequire(import.meta.url)('koffi') as Koffi);
  } catch (error) {
    return { failed: error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error) };
  }
}

/** Gives the pages of what was allocated and freed back to the machine, where the C library can: glibc keeps them else. */
export function returnFreedMemory(): void {
  try {
    const { load } = createRequire(import.meta.url)('koffi') as Koffi;
    load(null).func('int malloc_trim(size_t)')(0);
  } catch {
    // Without koffi, or with another library than glibc, they stay.
  }
}

function declare(koffi: Koffi): Libc {
  const library = koffi.load(null);
  const recvmmsg = library.func('int recvmmsg(int, uintptr_t, unsigned int, int, uintptr_t)');
  const clockNanosleep = library.func('int clock_nanosleep(int, int, uintptr_t, uintptr_t)');
  const fcntl = library.func('int fcntl(int, int, ...)');
  const memmove = library.func('uintptr_t memmove(void *, void *, size_t)');
  const pointerBytes = koffi.sizeof('void *');
  if (pointerBytes !== 4 && pointerBytes !== 8) throw new Error(`pointers have ${pointerBytes} bytes`);
  return {
    pointerBytes,
    socket: library.func('int socket(int, int, int)') as Libc['socket'],
    bind: library.func('int bind(int, void *, unsigned int)') as Libc['bind'],
    getsockname: library.func('int getsockname(int, void *, void *)') as Libc['getsockname'],
    setsockopt: library.func('int setsockopt(int, int, int, void *, unsigned int)') as Libc['setsockopt'],
    getsockopt: library.func('int getsockopt(int, int, int, void *, void *)') as Libc['getsockopt'],
    close: library.func('int close(int)') as Libc['close'],
    recvmmsg: (fd, messages, count, flags) => recvmmsg(fd, messages, count, flags, 0) as number,
    sendmmsg: library.func('int sendmmsg(int, uintptr_t, unsigned int, int)') as Libc['sendmmsg'],
    sendto: library.func('long sendto(int, uintptr_t, size_t, int, uintptr_t, unsigned int)') as Libc['sendto'],
    connect: library.func('int connect(int, uintptr_t, unsigned int)') as Libc['connect'],
    duplicate: (fd) => fcntl(fd, F_DUPFD_CLOEXEC, 'int', 0) as number,
    epollCreate: library.func('int epoll_create1(int)') as Libc['epollCreate'],
    epollCtl: library.func('int epoll_ctl(int, int, int, void *)') as Libc['epollCtl'],
    epollWait: library.func('int epoll_wait(int, uintptr_t, int, int)') as Libc['epollWait'],
    poll: library.func('int poll(void *, unsigned long, int)') as Libc['poll'],
    clockNanosleep: (clock, flags, time) => clockNanosleep(clock, flags, time, 0) as number,
    clockGettime: library.func('int clock_gettime(int, uintptr_t)') as Libc['clockGettime'],
    eventfd: library.func('int eventfd(unsigned int, int)') as Libc['eventfd'],
    read: library.func('long read(int, void *, size_t)') as Libc['read'],
    write: library.func('long write(int, void *, size_t)') as Libc['write'],
    schedSetscheduler: library.func('int sched_setscheduler(int, int, void *)') as Libc['schedSetscheduler'],
    addressOf(memory) {
      const bytes = new Uint8Array(memory);
      return memmove(bytes, bytes, 0) as number;
    },
    errno: () => getSystemErrorName(-koffi.errno()),
    watch(fd, onReadable) {
      const handle = koffi.node.poll(fd, { readable: true }, onReadable);
      return {
        stop: () => handle.stop(),
        start: () => handle.start({ readable: true }, onReadable),
        close: () => handle.close(),
      };
    },
  };
}
