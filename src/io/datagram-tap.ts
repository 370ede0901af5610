import type { Address } from '../base/machine.ts';

/** One datagram as it passed a socket; the bytes are whose they were and may change after the call. */
export type DatagramListener = (direction: 'in' | 'out', bytes: Uint8Array, remote: Address) => void;

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

  note(direction: 'in' | 'out', bytes: Uint8Array, remote: Address): void {
    for (const listener of this.listeners) listener(direction, bytes, remote);
  }
}
