import type { Appliance } from './appliance.ts';
import { pcapngDatagram, pcapngHeader, pcapngSegment } from './base/pcapng.ts';
import { CallDatagramFilter, type CallMarks } from './call-datagram-filter.ts';
import type { DatagramTap } from './io/datagram-tap.ts';
import { localAddressTowards } from './io/local-address.ts';

export interface CaptureOptions {
  readonly appliance: Appliance;
  readonly tap: DatagramTap;
  /** What we are called as the writer of the file. */
  readonly application: string;
  /** The port of IAX2; 0 where there is none. */
  readonly iax2Port: () => number;
  /** Epoch ms. */
  readonly wallMs: () => number;
}

/** Of a stream no more than this goes into one packet: a read may be larger than a packet can be. */
const SEGMENT_BYTES = 16_384;

/** Gives a pcapng file piece by piece, of one call or of all that passes; gives what ends it. */
export function startCapture(
  { appliance, tap, application, iax2Port, wallMs }: CaptureOptions,
  call: string | undefined,
  take: (bytes: Uint8Array) => void,
): () => void {
  take(pcapngHeader(application));
  const filter = call === undefined ? undefined : new CallDatagramFilter(iax2Port, () => marksOf(appliance, call));
  const own = new OwnAddresses();
  /** By connection: how many bytes of it are in the file, each way. */
  const written = new Map<number, { in: number; out: number }>();
  return tap.listen((direction, bytes, remote, local, connection) => {
    if (filter?.passes(direction, bytes, remote, local, connection) === false) return;
    const us = { ip: own.towards(remote.ip, local.ip), port: local.port };
    const [from, to] = direction === 'in' ? [remote, us] : [us, remote];
    if (connection === undefined) {
      take(pcapngDatagram(direction, from, to, bytes, wallMs()));
      return;
    }
    const counts = written.get(connection) ?? { in: 0, out: 0 };
    written.set(connection, counts);
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) {
      const piece = bytes.subarray(at, at + SEGMENT_BYTES);
      const place = { sent: counts[direction], taken: counts[direction === 'in' ? 'out' : 'in'] };
      take(pcapngSegment(direction, from, to, piece, place, wallMs()));
      counts[direction] += piece.length;
    }
  });
}

/** A dissector knows media by the address that SDP names, which a socket that is bound to all addresses does not tell. */
class OwnAddresses {
  private readonly known = new Map<string, string>();

  towards(remoteIp: string, boundIp: string): string {
    if (boundIp !== '0.0.0.0' && boundIp !== '::') return boundIp;
    const known = this.known.get(remoteIp) ?? localAddressTowards(remoteIp);
    this.known.set(remoteIp, known);
    return known;
  }
}

function marksOf(appliance: Appliance, call: string): CallMarks {
  const legs = appliance.calls().find(({ id }) => id === call)?.legs ?? [];
  const streams = legs.map(({ stream }) => stream);
  return {
    iax2: streams.flatMap((stream) => appliance.plane.iax2Spec(stream) ?? []),
    rtpPorts: streams.flatMap((stream) => appliance.plane.rtpPorts(stream)),
    sipCallIds: streams.flatMap((stream) => appliance.sipCallIds(stream)),
  };
}
