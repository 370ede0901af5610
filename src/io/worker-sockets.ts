import type { Libc } from './libc.ts';
import { SocketBatches } from './socket-batches.ts';

/** The sockets that a media worker reads and sends by, opened by the main thread. */
export interface WorkerDescriptors {
  /** That of the IAX2 port; absent where there is none. */
  readonly iax2?: { readonly fd: number; readonly ipv6: boolean };
}

/** The same on the worker's thread, with memory of its own. `count` is told of what cannot be sent. */
export function workerSockets(libc: Libc, { iax2 }: WorkerDescriptors, count: (reason: string) => void) {
  return {
    iax2: iax2 === undefined ? undefined : new SocketBatches(libc, iax2.fd, iax2.ipv6, () => count('iax2.send-failed')),
  };
}
