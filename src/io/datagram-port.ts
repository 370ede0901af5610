import type { Address } from '../base/machine.ts';
import type { BindFailure } from './bind-failure.ts';

/** One UDP port, however datagrams get in and out. Sending never throws and never waits. */
export interface DatagramPort {
  /** In status: how packets get in and out. */
  readonly kind: 'event-loop' | 'batched';
  /** The address bound; its port is the one that the system chose when 0 was asked for. Undefined when closed. */
  readonly local: Address | undefined;
  /** Binds; gives what went wrong, if anything did. */
  open(): Promise<BindFailure | undefined>;
  /** Sends `bytes`, which must not be changed until the next turn of the event loop. Nothing is sent when closed. */
  send(bytes: Uint8Array, to: Address): void;
  /** Sends a part of a buffer that may change after the call. */
  sendPart(bytes: Uint8Array, at: number, length: number, to: Address): void;
  close(): Promise<void>;
}
