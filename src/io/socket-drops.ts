import type { Counters } from '../base/counters.ts';
import type { Libc } from './libc.ts';

/** Constants of Linux, the same on x86-64, arm64 and armhf. */
const SOL_SOCKET = 1;
const SO_MEMINFO = 55;
/** Where the drops stand among the numbers of SO_MEMINFO, and how many numbers there are. [linux/sock_diag.h] */
const SK_MEMINFO_DROPS = 8;
const SK_MEMINFO_VARS = 9;

/**
 * Counts as `<part>.socket-full` what the kernel dropped because a socket was full before we read it: datagrams that we never
 * see. The kernel is asked when the table is read, and at the end. Before Linux 4.12 it does not tell, and nothing is counted.
 */
export class SocketDrops {
  private counted = 0;
  private readonly numbers = new Int32Array(SK_MEMINFO_VARS);
  private readonly length = new Int32Array(1);
  private readonly stop: () => void;

  constructor(
    private readonly libc: Libc,
    private readonly counters: Counters,
    private readonly part: string,
    /** That of the socket, undefined while there is none to be asked. */
    private readonly descriptor: () => number | undefined,
  ) {
    this.stop = counters.readFrom(this.read);
  }

  /** Before the socket is closed. */
  close(): void {
    this.read();
    this.stop();
  }

  private readonly read = (): void => {
    const { libc, numbers, length, counted } = this;
    const fd = this.descriptor();
    if (fd === undefined) return;
    length[0] = numbers.byteLength;
    if (libc.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, numbers, length) < 0 || length[0] < numbers.byteLength) return;
    const dropped = numbers[SK_MEMINFO_DROPS]! >>> 0;
    if (dropped === counted) return;
    this.counters.increment(`${this.part}.socket-full`, (dropped - counted) >>> 0);
    this.counted = dropped;
  };
}
