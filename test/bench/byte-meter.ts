import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';

/** Stands between an appliance and its broker, and counts what TCP carries for them. */
export class ByteMeter {
  /** Towards the broker, and back. */
  up = 0;
  down = 0;

  private constructor(private readonly server: Server) {}

  static async open(
    ip: string,
    port: number,
    target: { readonly ip: string; readonly port: number },
  ): Promise<ByteMeter> {
    const server = createServer((near) => {
      const far = tcpConnect({ host: target.ip, port: target.port, noDelay: true });
      near.setNoDelay(true);
      join(near, far, (bytes) => {
        meter.up += bytes;
      });
      join(far, near, (bytes) => {
        meter.down += bytes;
      });
    });
    const meter = new ByteMeter(server);
    await new Promise<void>((resolve) => server.listen(port, ip, resolve));
    return meter;
  }

  close(): void {
    this.server.close();
  }
}

function join(from: Socket, to: Socket, count: (bytes: number) => void): void {
  from.on('data', (bytes: Buffer) => {
    count(bytes.length);
    to.write(bytes);
  });
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
}
