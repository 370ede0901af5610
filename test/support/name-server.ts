import { createSocket, type Socket } from 'node:dgram';

export interface Zone {
  readonly a?: Readonly<Record<string, string>>;
  readonly srv?: Readonly<Record<string, readonly SrvLine[]>>;
  readonly naptr?: Readonly<Record<string, readonly NaptrLine[]>>;
}

export type SrvLine = readonly [priority: number, weight: number, port: number, target: string];
export type NaptrLine = readonly [order: number, preference: number, service: string, replacement: string];

const [A, SRV, NAPTR] = [1, 33, 35] as const;
const NXDOMAIN = 3;

/** A name server on loopback that knows one zone. [RFC1035 §4.1] */
export class NameServer {
  private constructor(private readonly socket: Socket) {}

  static async start(ip: string, port: number, zone: Zone): Promise<NameServer> {
    const socket = createSocket('udp4');
    socket.on('message', (query, from) => socket.send(answerTo(query, zone), from.port, from.address));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: ip, port }, resolve);
    });
    return new NameServer(socket);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }
}

function answerTo(query: Buffer, zone: Zone): Uint8Array {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const [name, type] = [labels.join('.').toLowerCase(), query.readUInt16BE(at + 1)];
  const data = dataOf(name, type, zone);
  const isKnown = [zone.a, zone.srv, zone.naptr].some((table) => table?.[name] !== undefined);
  const header = Buffer.from(query.subarray(0, 12));
  header.set([0x85, isKnown ? 0x80 : 0x80 | NXDOMAIN, 0, 1, 0, data.length, 0, 0, 0, 0], 2);
  const records = data.map((one) =>
    Buffer.concat([Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, one.length >> 8, one.length & 0xff]), one]),
  );
  return Buffer.concat([header, query.subarray(12, at + 5), ...records]);
}

function dataOf(name: string, type: number, { a, srv, naptr }: Zone): Buffer[] {
  if (type === A) return a?.[name] === undefined ? [] : [Buffer.from(a[name].split('.').map(Number))];
  if (type === SRV)
    return (srv?.[name] ?? []).map(([priority, weight, port, target]) =>
      Buffer.concat([numbers(priority, weight, port), encodeName(target)]),
    );
  if (type !== NAPTR) return [];
  return (naptr?.[name] ?? []).map(([order, preference, service, replacement]) =>
    Buffer.concat([numbers(order, preference), text('s'), text(service), text(''), encodeName(replacement)]),
  );
}

function numbers(...values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
}

function encodeName(name: string): Buffer {
  return Buffer.concat([...name.split('.').map(text), Buffer.of(0)]);
}
