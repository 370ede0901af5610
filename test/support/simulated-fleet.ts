import { SeededRandom } from '../../src/base/random.ts';
import { systemClock } from '../../src/io/clock.ts';
import { type BrokerConnection, BrokerLink, type MqttVersion } from '../../src/io/mqtt.ts';
import { signatureVerifier } from '../../src/io/signing.ts';
import type { Reported } from '../../src/status/provisioning-record.ts';
import { SIGNING_DOMAINS } from '../../src/status/signed.ts';

/** How long an appliance takes to judge and apply a document, at the most. */
const APPLY_MS = 400;

/**
 * Many appliances as their broker sees them, each on a real link of its own: they say that they are there, and report every
 * signed document as applied a little later.
 */
export class SimulatedFleet {
  readonly sites: readonly string[];
  /** How many documents each site applied, by revision: none may be lost, none applied twice. */
  readonly applied = new Map<string, number[]>();
  /** Those that do not keep what they are given, and those that say nothing of it. */
  readonly refusing = new Set<string>();
  readonly silent = new Set<string>();
  private readonly links: BrokerLink[] = [];
  private readonly connected = new Set<string>();
  private readonly versions = new Map<string, MqttVersion>();

  constructor(
    count: number,
    private readonly url: string,
    private readonly publicKey: string,
  ) {
    this.sites = Array.from({ length: count }, (_, i) => `office-${String(i + 1).padStart(4, '0')}`);
  }

  start(): void {
    for (const [index, site] of this.sites.entries()) {
      this.applied.set(site, []);
      const link = this.link(site, index);
      this.links.push(link);
      link.start();
    }
  }

  get online(): number {
    return this.connected.size;
  }

  async stop(): Promise<void> {
    await Promise.all(this.links.map((link, i) => link.stop(presence(this.sites[i]!, 'offline', 'end'))));
  }

  private link(site: string, seed: number): BrokerLink {
    const random = new SeededRandom(seed + 1);
    let connection: BrokerConnection | undefined;
    return new BrokerLink({
      url: this.url,
      clientId: site,
      will: (session) => presence(site, 'offline', session),
      onConnected: (now, session) => {
        connection = now;
        this.connected.add(site);
        now.publish(presence(site, 'online', session));
        now.publish(retained(site, 'health', HEALTH));
        now.publish(retained(site, 'trunks/hq', TRUNK));
        now.publish(retained(site, 'lines/1', LINE));
        now.subscribe([`branchline/${site}/config/desired`], { qos: 1 });
      },
      onDisconnected: () => {
        connection = undefined;
        this.connected.delete(site);
      },
      onMessage: (_topic, payload) => {
        const revision = this.judge(site, payload);
        if (revision === undefined || this.silent.has(site)) return;
        const outcome = this.refusing.has(site) ? rolledBack(revision) : report(revision);
        systemClock.after(random.integer(APPLY_MS), () =>
          connection?.deliver({ ...retained(site, 'config/reported', outcome), retain: true }, () => {}),
        );
      },
      onStatus: () => {},
      versions: this.versions,
      clock: systemClock,
      random,
      log: () => {},
    });
  }

  /** The revision to report, also of a document that comes again because its report did not get through. */
  private judge(site: string, payload: string): number | undefined {
    const envelope = JSON.parse(payload) as { document: string; signature: string };
    const bytes = Buffer.from(envelope.document, 'base64');
    const verify = signatureVerifier(this.publicKey);
    if (typeof verify !== 'function') throw new Error(verify.failure);
    const signed = Buffer.concat([Buffer.from(SIGNING_DOMAINS.config), bytes]);
    if (!verify(signed, Buffer.from(envelope.signature, 'base64'))) return undefined;
    const { revision, site: to } = JSON.parse(bytes.toString()) as { revision: number; site: string };
    const done = this.applied.get(site)!;
    if (to !== site || revision < (done.at(-1) ?? 0)) return undefined;
    if (revision !== done.at(-1)) done.push(revision);
    return revision;
  }
}

const now = () => new Date().toISOString();
const HEALTH = { version: '1.0.0', uptimeMs: 1_000, cpuPct: 1, memoryMb: 90, temperatureC: null };
const TRUNK = {
  ...{ kind: 'iax2', reachable: true, rttMs: 12, lossPct: 0, address: '198.51.100.1:4569', reason: null },
  registration: { state: 'registered', refreshS: 60, apparent: '198.51.100.7:4569', since: now() },
};
const LINE = { kind: 'fxs', hook: 'on', state: 'idle', extension: '201', name: 'Front desk', since: now() };

function report(revision: number): Omit<Reported, 'at'> {
  return { revision, by: 'head-office', user: null, state: 'applied', running: revision, changes: [], errors: [] };
}

function rolledBack(revision: number): Omit<Reported, 'at'> {
  const errors = [{ path: '', message: 'the broker was not reached' }];
  return { revision, by: 'head-office', user: null, state: 'rolled-back', running: null, changes: [], errors };
}

function retained(site: string, topic: string, body: object) {
  const payload = JSON.stringify({ ...body, at: now() });
  return { topic: `branchline/${site}/${topic}`, payload, qos: 0 as const, retain: true };
}

function presence(site: string, state: 'online' | 'offline', session: string) {
  return { ...retained(site, 'state', { state, session }), qos: 1 as const };
}
