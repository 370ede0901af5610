import { createServer, type Server } from 'node:net';
import { Aedes } from 'aedes';

/** An MQTT 3.1.1 broker inside this process, on loopback: for the demo and for tests, not for a fleet. */
export interface EmbeddedBroker {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on `port` of 127.0.0.1, 0 = any free one. Rejects when the port cannot be had. */
export async function startEmbeddedBroker(port: number): Promise<EmbeddedBroker> {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle);
  await listen(server, port);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the broker has no TCP address');
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    async close() {
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}
