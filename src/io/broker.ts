import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { Aedes, Client } from 'aedes';
import { type Address, formatAddress } from '../base/machine.ts';

/** An MQTT 3.1.1 broker inside this process: for the demo, for tests, and for an office that has no other. */
export interface EmbeddedBroker {
  readonly url: string;
  close(): Promise<void>;
}

export interface BrokerAccess {
  /** The appliance itself: who it is, and that only it knows. */
  readonly own: { readonly username: string; readonly password: string };
  /** Passwords by name; undefined: whoever comes. */
  readonly users: Readonly<Record<string, string>> | undefined;
}

/** What others may tell an appliance: commands and configurations. What it says of itself, nobody says for it. */
const FOR_APPLIANCES = /^branchline\/[^/]+\/(?:cmd\/[^/]+|config\/desired)$/;
/** As MQTT counts it: not authorised. [MQTT-3.2.2-6] */
const REFUSED = Object.assign(new Error('the name or the password is wrong'), { returnCode: 5 as const });

/**
 * Listens on `address`, port 0 = any free one. Rejects when the port cannot be had. Without `access` everybody may do
 * everything.
 */
export async function startEmbeddedBroker(address: Address, access?: BrokerAccess): Promise<EmbeddedBroker> {
  const { Aedes } = await import('aedes');
  const broker = await Aedes.createBroker(access === undefined ? {} : guard(access));
  const server = createServer(broker.handle);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await listen(server, address);
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the broker has no TCP address');
  return {
    url: `mqtt://${formatAddress({ ip: reachable(bound.address), port: bound.port })}`,
    async close() {
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      // Who has connected and said nothing is no client of the broker.
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function guard({ own, users }: BrokerAccess): Partial<Aedes> {
  const ours = new WeakSet<Client>();
  return {
    authenticate(client, username, password, done) {
      const given = password?.toString() ?? '';
      if (username === own.username && same(given, own.password)) {
        ours.add(client);
        done(null, true);
        return;
      }
      const wanted = Object.hasOwn(users ?? {}, username ?? '') ? users?.[username ?? ''] : undefined;
      const isFine = users === undefined ? username !== own.username : wanted !== undefined && same(given, wanted);
      if (isFine) done(null, true);
      else done(REFUSED, false);
    },
    authorizePublish(client, { topic }, done) {
      const isFine =
        (client !== null && ours.has(client)) ||
        !/^(?:branchline\/|\$)/.test(topic) ||
        (FOR_APPLIANCES.test(topic) && client !== null);
      done(isFine ? null : new Error(`${topic} is for the appliance to say`));
    },
  };
}

/** Compares without telling, by the time it takes, how much was right. */
function same(a: string, b: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}

/** Where the appliance itself finds it. */
function reachable(ip: string): string {
  if (ip === '0.0.0.0') return '127.0.0.1';
  return ip === '::' ? '::1' : ip;
}

async function listen(server: Server, { ip, port }: Address): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, ip, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}
