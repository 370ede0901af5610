import type { Socket } from 'node:dgram';
import type { Address } from '../base/machine.ts';
import { batchedIo } from './batched-io.ts';
import { openUdpSocket } from './udp-socket.ts';

/**
 * Binds a socket of Node whose packets carry a DSCP mark, which Node has no word for: it takes over a descriptor that is
 * bound already. Without a mark, and on a machine where the C library cannot be called, it is bound as ever. Where that
 * fails at once, the socket gives its `error`. Gives the descriptor, where it is known. [RFC2474 §3]
 */
export function bindMarked(socket: Socket, bind: Address, dscp: number | undefined): number | undefined {
  const libc = dscp === undefined ? undefined : batchedIo();
  if (libc === undefined || 'failed' in libc) {
    socket.bind({ address: bind.ip, port: bind.port, exclusive: true });
    return undefined;
  }
  const opened = openUdpSocket(libc, bind, dscp);
  if ('failed' in opened) {
    socket.emit('error', Object.assign(new Error(`bind ${opened.failed}`), { code: opened.failed, syscall: 'bind' }));
    return undefined;
  }
  socket.bind({ fd: opened.fd, exclusive: true });
  return opened.fd;
}
