import type { Appliance } from './appliance.ts';
import type { Address } from './base/machine.ts';
import { pcapngDatagram, pcapngHeader } from './base/pcapng.ts';
import { Iax2DatagramFilter } from './iax2-datagram-filter.ts';
import type { DatagramTap } from './io/datagram-tap.ts';

export interface CaptureOptions {
  readonly appliance: Appliance;
  readonly tap: DatagramTap;
  /** What we are called as the writer of the file. */
  readonly application: string;
  /** Our own end of every datagram. */
  readonly local: () => Address;
  /** Epoch ms. */
  readonly wallMs: () => number;
}

/** Gives a pcapng file piece by piece, of one call or of all that passes; gives what ends it. */
export function startCapture(
  { appliance, tap, application, local, wallMs }: CaptureOptions,
  call: string | undefined,
  take: (bytes: Uint8Array) => void,
): () => void {
  take(pcapngHeader(application));
  const filter = call === undefined ? undefined : new Iax2DatagramFilter(() => legsOf(appliance, call));
  return tap.listen((direction, bytes, remote) => {
    if (filter?.passes(direction, bytes, remote) === false) return;
    const [from, to] = direction === 'in' ? [remote, local()] : [local(), remote];
    take(pcapngDatagram(direction, from, to, bytes, wallMs()));
  });
}

function legsOf(appliance: Appliance, call: string) {
  const legs = appliance.calls().find(({ id }) => id === call)?.legs ?? [];
  return legs.flatMap(({ stream }) => appliance.plane.iax2Spec(stream) ?? []);
}
