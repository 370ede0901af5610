import type { Address } from '../base/machine.ts';

/**
 * What passed a socket: a datagram, or, where it has the number of a `connection`, the next bytes of a stream. They are whose they
 * were and may change after the call.
 */
export type DatagramListener = (
  direction: 'in' | 'out',
  bytes: Uint8Array,
  remote: Address,
  /** Our own end; the IP may be that of all addresses. */
  local: Address,
  connection?: number,
) => void;

/** Shows whoever listens what passes a socket. While nobody does it costs one look at an empty set. */
export class DatagramTap {
  private readonly listeners = new Set<DatagramListener>();

  /** `onListened` is told when the first one begins to listen and when the last one has ended. */
  constructor(private readonly onListened: (listened: boolean) => void = () => {}) {}

  /** Gives what ends the listening. */
  listen(listener: DatagramListener): () => void {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.onListened(true);
    return () => {
      if (this.listeners.delete(listener) && this.listeners.size === 0) this.onListened(false);
    };
  }

  /** Whether anybody listens: without, there is nothing to note. */
  get isListened(): boolean {
    return this.listeners.size > 0;
  }

  readonly note: DatagramListener = (direction, bytes, remote, local, connection) => {
    for (const listener of this.listeners) listener(direction, bytes, remote, local, connection);
  };
}
