import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { generateSigningKeys } from '../../src/io/signing.ts';
import type { FleetSite, PushResult } from '../../src/status/fleet.ts';
import { bundle } from './appliance.ts';
import { Program } from './program.ts';
import { SimulatedFleet } from './simulated-fleet.ts';
import { waitUntil } from './wait-until.ts';

const TEMPLATE = 'site: { id: "{{site}}", country: fr }\nmqtt: { url: "mqtt://h", provisioning: { publicKey: a } }\n';

/** Head office with its key and a template, and as many appliances as there are. */
export class HeadOffice {
  private readonly folder = mkdtempSync(join(tmpdir(), 'branchline-fleet-'));
  private readonly keys = generateSigningKeys();
  readonly fleet: SimulatedFleet;

  constructor(
    count: number,
    private readonly url: string,
  ) {
    writeFileSync(join(this.folder, 'ops.key'), this.keys.privateKey);
    writeFileSync(join(this.folder, 'office.yaml'), TEMPLATE);
    this.fleet = new SimulatedFleet(count, url, this.keys.publicKey);
  }

  async dispose(): Promise<void> {
    await this.fleet.stop();
    rmSync(this.folder, { recursive: true });
  }

  /** The fleet as its table shows it, once all of it is online. */
  async listed(): Promise<readonly FleetSite[]> {
    const { length } = this.fleet.sites;
    return waitUntil(`${length} sites in the table`, 60_000, async () => {
      const program = this.command('list', '--json');
      if ((await program.exit(30_000)) !== 0) return undefined;
      const sites = JSON.parse(program.stdout) as FleetSite[];
      return sites.filter(({ state }) => state === 'online').length === length ? sites : undefined;
    });
  }

  /** Pushes to all of them, five first and then so many at a time. */
  push(revision: number, batch: number, ...more: readonly string[]): Program {
    return this.command(...this.pushArguments(revision, batch), '--all', ...more);
  }

  pushArguments(revision: number, batch: number): readonly string[] {
    const what = ['push', join(this.folder, 'office.yaml'), '--key', join(this.folder, 'ops.key'), '--json'];
    const how = ['--canary', '5', '--batch', String(batch), '--confirm-within', '60s'];
    return [...what, ...how, '--revision', String(revision)];
  }

  /** A command of the fleet at this broker. */
  command(...args: string[]): Program {
    return new Program('branchline fleet', execPath, [bundle, 'fleet', ...args, '--broker', this.url]);
  }
}

/** What a push has printed of each site so far. */
export function outcomes(push: Program): readonly PushResult[] {
  const lines = push.stdout.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as PushResult);
}
