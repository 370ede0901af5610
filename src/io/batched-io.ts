import { sameAddress } from '../base/machine.ts';
import { type Libc, loadLibc } from './libc.ts';
import { ReadableLook, ReadableSet } from './readable-set.ts';
import { ReceiveBatch } from './receive-batch.ts';
import { SendBatch } from './send-batch.ts';
import { openUdpSocket, takesJoined, type UdpSocket } from './udp-socket.ts';

/** Lengths of the datagrams that the proof sends: none, one beyond an Ethernet frame, and voice, which may be joined. */
const PROOF_LENGTHS = [0, 4000, 164, 164, 100];

const PROOF_NUMBER = 40_002;

let proven: Libc | { readonly failed: string } | undefined;

/** The system calls for many datagrams at once, proven on this machine; else why they are not to be used. Asked once. */
export function batchedIo(): Libc | { readonly failed: string } {
  proven ??= prove(loadLibc());
  return proven;
}

function prove(libc: Libc | { readonly failed: string }): Libc | { readonly failed: string } {
  if ('failed' in libc) return libc;
  const failed = proofFailure(libc);
  return failed === undefined ? libc : { failed };
}

/**
 * Sends datagrams over the loopback and reads them: that the structures lie as we believe is known only where each byte,
 * length and address came through. Gives what did not.
 */
export function proofFailure(libc: Libc): string | undefined {
  const loopback = { ip: '127.0.0.1', port: 0 };
  const from = openUdpSocket(libc, loopback);
  if ('failed' in from) return `no socket on the loopback: ${from.failed}`;
  const to = openUdpSocket(libc, loopback);
  if ('failed' in to) {
    libc.close(from.fd);
    return `no socket on the loopback: ${to.failed}`;
  }
  try {
    return exchange(libc, from, to);
  } finally {
    libc.close(from.fd);
    libc.close(to.fd);
  }
}

function exchange(libc: Libc, from: UdpSocket, to: UdpSocket): string | undefined {
  const sent = PROOF_LENGTHS.map((length) => Uint8Array.from({ length }, (_, i) => (7 * i + length) & 0xff));
  const out = new SendBatch(libc, from.addresses, takesJoined(libc, from.fd));
  const destination = from.addresses.destination(to.local);
  for (const bytes of sent) out.add(bytes, destination);
  let refused: string | undefined;
  if (!out.flush(from.fd, (error) => (refused = error))) return 'the loopback took no datagrams';
  if (refused !== undefined) return `the loopback refused a datagram: ${refused}`;
  const told = readableFailure(libc, to.fd);
  if (told !== undefined) return told;
  const received = new ReceiveBatch(libc, to.addresses);
  const count = received.receive(to.fd);
  if (count !== sent.length) return `of ${sent.length} datagrams over the loopback ${count} came`;
  const isRight = sent.every(
    (bytes, i) => isSame(bytes, received.bytes(i)) && sameAddress(received.from(i), from.local),
  );
  return isRight ? undefined : 'datagrams came otherwise than they were sent over the loopback';
}

/** The socket has something: of all that are watched it alone must be told, with its number. */
function readableFailure(libc: Libc, fd: number): string | undefined {
  const set = new ReadableSet(libc);
  const look = new ReadableLook(libc, set.fd);
  const isTold =
    set.add(fd, PROOF_NUMBER) && look.look() === 1 && look.descriptorOf(0) === fd && look.numberOf(0) === PROOF_NUMBER;
  set.remove(fd);
  const isForgotten = look.look() === 0;
  set.close();
  return isTold && isForgotten ? undefined : 'the system does not tell which socket can be read';
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
