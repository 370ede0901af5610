import type { Appliance } from './appliance.ts';
import type { Address } from './base/machine.ts';
import { batchedIo } from './io/batched-io.ts';
import { BatchedUdpPort } from './io/batched-udp.ts';
import type { DatagramPort } from './io/datagram-port.ts';
import type { DatagramTap } from './io/datagram-tap.ts';
import { type UdpOptions, UdpPort } from './io/udp.ts';
import { MediaWorkerPort } from './media-worker-port.ts';

export interface Iax2PortOptions extends Omit<UdpOptions, 'part' | 'onDatagram'> {
  readonly tap: DatagramTap;
  /** Gives the appliance input with its time, and drains what it says. */
  readonly give: (input: (nowMs: number) => void) => void;
  readonly appliance: () => Appliance;
}

/** The IAX2 port: with a worker at it, or many datagrams at a time where the machine is proven to do that, else one by one. */
export function iax2Port({ give, appliance, ...options }: Iax2PortOptions): DatagramPort {
  const libc = batchedIo();
  if ('failed' in libc) {
    options.log('info', 'iax2', 'Datagrams pass one by one.', { reason: libc.failed });
    return new UdpPort({
      ...options,
      part: 'iax2',
      onDatagram: (bytes, from) => give((nowMs) => appliance().handleDatagram(bytes, from, nowMs)),
    });
  }
  if (MediaWorkerPort.isBuilt) {
    const port = new MediaWorkerPort({
      ...options,
      libc,
      onStarted: (link) => appliance().splitPlane?.attach(link),
      onLost: () => appliance().splitPlane?.detach(),
      onReports: () => {
        let more = false;
        give((nowMs) => {
          more = appliance().handleWorkerReports(
            (direction, bytes, remote) => options.tap.note(direction, bytes, remote, port.local ?? options.bind),
            nowMs,
          );
        });
        return more;
      },
    });
    return port;
  }
  return new BatchedUdpPort({
    ...options,
    libc,
    part: 'iax2',
    give,
    onDatagram: (bytes: Uint8Array, from: Address, nowMs: number) => appliance().handleDatagram(bytes, from, nowMs),
  });
}
