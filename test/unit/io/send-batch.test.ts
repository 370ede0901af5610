import { describe, expect, it } from 'vitest';
import { type Libc, loadLibc } from '../../../src/io/libc.ts';
import { SendBatch } from '../../../src/io/send-batch.ts';
import { SocketAddresses } from '../../../src/io/socket-addresses.ts';

const TO = { ip: '127.0.0.1', port: 9 };

/** A kernel that answers each `sendmmsg` from a list: how many it took, or its error. */
function batchWith(answers: (number | string)[]) {
  const real = loadLibc() as Libc;
  const asked: number[] = [];
  let error = '';
  const libc: Libc = {
    ...real,
    sendmmsg(_fd, _messages, count) {
      asked.push(count);
      const answer = answers.shift() ?? count;
      if (typeof answer === 'number') return answer;
      error = answer;
      return -1;
    },
    errno: () => error,
  };
  const batch = new SendBatch(libc, new SocketAddresses(false));
  const refused: string[] = [];
  return { batch, asked, refused, flush: () => batch.flush(1, (reason) => refused.push(reason)) };
}

describe('a batch of datagrams to send', () => {
  it('goes out in one call', () => {
    const { batch, asked, flush } = batchWith([]);
    for (let i = 0; i < 10; i++) batch.add(Uint8Array.of(i), TO);
    expect(flush()).toBe(true);
    expect(asked).toEqual([10]);
    expect(batch.isEmpty).toBe(true);
  });

  it('goes on behind a datagram that the kernel refuses', () => {
    const { batch, asked, refused, flush } = batchWith([1, 'ENETUNREACH']);
    for (let i = 0; i < 3; i++) batch.add(Uint8Array.of(i), TO);
    expect(flush()).toBe(true);
    expect(asked).toEqual([3, 2, 1]);
    expect(refused).toEqual(['ENETUNREACH']);
  });

  it('keeps what a full socket does not take, in order, and calls again after a signal', () => {
    const { batch, asked, refused, flush } = batchWith(['EINTR', 2, 'EAGAIN']);
    for (let i = 0; i < 5; i++) batch.add(Uint8Array.of(i), TO);
    expect(flush()).toBe(false);
    expect(batch.isEmpty).toBe(false);
    batch.add(Uint8Array.of(5), TO);
    expect(flush()).toBe(true);
    expect(asked).toEqual([5, 5, 3, 4]);
    expect(refused).toEqual([]);
  });

  it('has room for 64 datagrams, and for the longest one', () => {
    const { batch } = batchWith([]);
    expect(batch.hasRoom(65_507)).toBe(true);
    for (let i = 0; i < 64; i++) expect(batch.hasRoom(1) && batch.add(Uint8Array.of(i), TO)).toBe(true);
    expect(batch.hasRoom(1)).toBe(false);
  });
});
