import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from './program.ts';
import { waitUntil } from './wait-until.ts';

const [CLIENTS, ROUTES, MQTT, MONITOR] = [4222, 6222, 1883, 8222];

/** Three NATS servers with their MQTT gateway, and the balancer in front of them that an operator would have. */
export class NatsCluster {
  /** Of the balancer: each connection goes to the next node that is there. */
  readonly url: string;
  private readonly folder = mkdtempSync(join(tmpdir(), 'branchline-nats-'));
  private readonly nodes: (Program | undefined)[] = [];
  private balancer: Server | undefined;
  private turn = 0;

  constructor(
    private readonly ips: readonly string[],
    private readonly front: string,
  ) {
    this.url = `mqtt://${front}:${MQTT}`;
  }

  async start(): Promise<void> {
    for (const [i, ip] of this.ips.entries()) {
      const file = join(this.folder, `${i}.conf`);
      writeFileSync(file, this.configuration(i, ip));
      this.nodes.push(new Program(`nats-server ${i}`, 'nats-server', ['-c', file]));
    }
    for (const ip of this.ips) {
      await waitUntil('the cluster to have a leader', 30_000, async () => {
        const answer = await fetch(`http://${ip}:${MONITOR}/healthz`).catch(() => undefined);
        return answer?.ok;
      });
    }
    this.balancer = createServer((client) => {
      const ip = this.nextNode();
      const node = tcpConnect({ host: ip, port: MQTT });
      client.pipe(node).pipe(client);
      for (const [one, other] of [
        [client, node],
        [node, client],
      ] as const) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
    });
    await new Promise<void>((resolve) => this.balancer!.listen(MQTT, this.front, 1_024, resolve));
  }

  /** Ends a node without a word to anybody. */
  async kill(index: number): Promise<void> {
    const node = this.nodes[index];
    this.nodes[index] = undefined;
    node?.signal('SIGKILL');
    await node?.stop();
  }

  async dispose(): Promise<void> {
    this.balancer?.close();
    await Promise.all(this.nodes.map((node) => node?.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private nextNode(): string {
    const there = this.ips.filter((_, i) => this.nodes[i] !== undefined);
    return there[this.turn++ % there.length]!;
  }

  private configuration(index: number, ip: string): string {
    const routes = this.ips.map((other) => `nats-route://${other}:${ROUTES}`).join(', ');
    return `server_name: n${index}
listen: "${ip}:${CLIENTS}"
http: "${ip}:${MONITOR}"
jetstream { store_dir: "${join(this.folder, String(index))}" }
cluster { name: branchline, listen: "${ip}:${ROUTES}", routes: [${routes}] }
mqtt { listen: "${ip}:${MQTT}", stream_replicas: 3 }
`;
  }
}
