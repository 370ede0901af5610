import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** `wanted` on 127.0.0.1 if nobody has it, else one that the system chooses. */
export async function freeTcpPort(wanted: number): Promise<number> {
  return (await tryTcp(wanted)) ?? (await tryTcp(0)) ?? wanted;
}

export async function freeUdpPort(wanted: number): Promise<number> {
  return (await tryUdp(wanted)) ?? (await tryUdp(0)) ?? wanted;
}

function tryTcp(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(address === null || typeof address === 'string' ? undefined : address.port));
    });
  });
}

function tryUdp(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind({ address: '127.0.0.1', port, exclusive: true }, () => {
      const { port: bound } = socket.address();
      socket.close(() => resolve(bound));
    });
  });
}
