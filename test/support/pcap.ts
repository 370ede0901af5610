import { concatBytes } from '../../src/base/bytes.ts';

/** A UDP datagram between two IPv4 endpoints, for a capture file. */
export interface CapturedDatagram {
  readonly fromPort: number;
  readonly toPort: number;
  readonly payload: Uint8Array;
}

/** Packets begin with the IP header. */
const LINKTYPE_RAW = 101;
const SNAP_LENGTH = 65_535;
const IPV4_LENGTH = 20;
const UDP_LENGTH = 8;
const FROM = [192, 0, 2, 1];
const TO = [192, 0, 2, 2];

/** The bytes of a capture file (classic pcap) with these datagrams, 1 ms apart. */
export function encodePcap(datagrams: readonly CapturedDatagram[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(24));
  header.setUint32(0, 0xa1b2_c3d4);
  header.setUint16(4, 2);
  header.setUint16(6, 4);
  header.setUint32(16, SNAP_LENGTH);
  header.setUint32(20, LINKTYPE_RAW);
  const parts = [bytesOf(header)];
  for (const [i, datagram] of datagrams.entries()) {
    const packet = encodeIpv4(datagram);
    const record = new DataView(new ArrayBuffer(16));
    record.setUint32(0, 1_000_000 + Math.floor(i / 1000));
    record.setUint32(4, (i % 1000) * 1000);
    record.setUint32(8, packet.length);
    record.setUint32(12, packet.length);
    parts.push(bytesOf(record), packet);
  }
  return concatBytes(parts);
}

/** Without checksums, which for UDP means none and which dissectors do not ask of IP. */
function encodeIpv4({ fromPort, toPort, payload }: CapturedDatagram): Uint8Array {
  const view = new DataView(new ArrayBuffer(IPV4_LENGTH + UDP_LENGTH + payload.length));
  view.setUint8(0, 0x45);
  view.setUint16(2, view.byteLength);
  view.setUint8(8, 64);
  view.setUint8(9, 17);
  view.setUint16(IPV4_LENGTH, fromPort);
  view.setUint16(IPV4_LENGTH + 2, toPort);
  view.setUint16(IPV4_LENGTH + 4, UDP_LENGTH + payload.length);
  const bytes = bytesOf(view);
  bytes.set([...FROM, ...TO], 12);
  bytes.set(payload, IPV4_LENGTH + UDP_LENGTH);
  return bytes;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer);
}
