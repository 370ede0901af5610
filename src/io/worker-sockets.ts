import type { Libc } from './libc.ts';
import { RtpBatches } from './rtp-batches.ts';
import { SocketBatches } from './socket-batches.ts';

/** The sockets that a media worker reads and sends by, opened by the main thread. */
export interface WorkerDescriptors {
  /** That of the IAX2 port; absent where there is none. */
  readonly iax2?: WorkerDescriptor;
  /** The `ReadableSet` of RTP ports that are lent to the worker; absent where there is no RTP. */
  readonly rtp?: WorkerDescriptor;
}

export interface WorkerDescriptor {
  readonly fd: number;
  readonly ipv6: boolean;
}

/** The same on the worker's thread, with memory of its own. `count` is told of what cannot be sent. */
export function workerSockets(libc: Libc, { iax2, rtp }: WorkerDescriptors, count: (reason: string) => void) {
  return {
    iax2: iax2 === undefined ? undefined : new SocketBatches(libc, iax2.fd, iax2.ipv6, () => count('iax2.send-failed')),
    rtp:
      rtp === undefined
        ? undefined
        : new RtpBatches(
            libc,
            rtp.fd,
            rtp.ipv6,
            () => count('rtp.send-failed'),
            () => count('rtp.flooded'),
          ),
  };
}
