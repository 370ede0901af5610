import { describe, expect, it } from 'vitest';
import { batchedIo, proofFailure } from '../../../src/io/batched-io.ts';
import { type Libc, loadLibc } from '../../../src/io/libc.ts';

function realLibc(): Libc {
  const libc = loadLibc();
  if ('failed' in libc) throw new Error(libc.failed);
  return libc;
}

describe('batched I/O', () => {
  it('proves itself on this machine', () => {
    expect(batchedIo()).toHaveProperty('sendmmsg');
  });

  it('is not used where the structures lie otherwise', () => {
    expect(proofFailure({ ...realLibc(), pointerBytes: 4 })).toBeDefined();
  });

  it('is not used where the machine has no such system call', () => {
    const libc = realLibc();
    expect(proofFailure({ ...libc, sendmmsg: () => -1, errno: () => 'ENOSYS' })).toBe(
      'the loopback refused a datagram: ENOSYS',
    );
    expect(proofFailure({ ...libc, recvmmsg: () => -1 })).toBe('of 5 datagrams over the loopback 0 came');
    expect(proofFailure({ ...libc, socket: () => -1, errno: () => 'EPERM' })).toBe('no socket on the loopback: EPERM');
  });
});
