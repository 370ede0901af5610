import { describe, expect, it } from 'vitest';
import { type Libc, loadLibc } from '../../../src/io/libc.ts';
import { SendBatch } from '../../../src/io/send-batch.ts';
import { SocketAddresses } from '../../../src/io/socket-addresses.ts';

const TO = { ip: '127.0.0.1', port: 9 };

/** A kernel that answers each `sendmmsg` from a list: how many it took, or its error. */
function batchWith(answers: (number | string)[], joins = false) {
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
  const addresses = new SocketAddresses(false);
  const batch = new SendBatch(libc, addresses, joins);
  const refused: string[] = [];
  return { batch, addresses, asked, refused, flush: () => batch.flush(1, (reason) => refused.push(reason)) };
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

  describe('with datagrams that are joined', () => {
    /** So many datagrams of 4 bytes to each of some destinations, in turns. */
    function joined(answers: (number | string)[], ports: number[], rounds: number) {
      const made = batchWith(answers, true);
      const destinations = ports.map((port) => made.addresses.destination({ ...TO, port }));
      const add = (length: number, to = destinations[0]!) => made.batch.add(new Uint8Array(length), to);
      for (let round = 0; round < rounds; round++) for (const to of destinations) add(4, to);
      return { ...made, add };
    }

    it('takes those to one destination as one message', () => {
      const { asked, flush } = joined([], [9, 10, 11], 8);
      expect(flush()).toBe(true);
      expect(asked).toEqual([3]);
    });

    it('begins another message behind a shorter datagram, for a longer one, for an empty one, and behind 32', () => {
      const { asked, add, flush } = joined([], [9], 32);
      for (const length of [4, 3, 3, 5, 0, 0]) add(length);
      flush();
      // 32 × 4 | 4 3 | 3 | 5 | 0 | 0
      expect(asked).toEqual([6]);
    });

    it('leaves those alone that are longer than voice', () => {
      const { asked, add, flush } = joined([], [9], 0);
      for (const length of [513, 513, 512, 512]) add(length);
      flush();
      expect(asked).toEqual([3]);
    });

    it('goes on behind the parts of a message that are refused, each of which is told', () => {
      const { asked, refused, flush } = joined(['EPERM', 'EPERM', 'EPERM', 'EPERM'], [9, 10], 3);
      expect(flush()).toBe(true);
      expect(asked).toEqual([2, 1, 1, 1, 1]);
      expect(refused).toEqual(['EPERM', 'EPERM', 'EPERM']);
    });

    it('sends each by itself where the kernel cannot cut them, from then on at once', () => {
      const { asked, refused, add, flush } = joined(['EIO'], [9], 3);
      expect(flush()).toBe(true);
      for (let n = 0; n < 3; n++) add(4);
      expect(flush()).toBe(true);
      expect(asked).toEqual([1, 1, 1, 1, 3]);
      expect(refused).toEqual([]);
    });

    it('keeps the parts that a full socket does not take, and those that come behind them', () => {
      const { batch, asked, refused, add, flush } = joined(['EIO', 1, 'EAGAIN'], [9], 3);
      expect(flush()).toBe(false);
      expect(batch.isEmpty).toBe(false);
      add(4);
      expect(flush()).toBe(true);
      expect(asked).toEqual([1, 1, 1, 1, 1, 1]);
      expect(refused).toEqual([]);
    });
  });
});
