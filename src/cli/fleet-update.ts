import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { releaseManifest } from '../io/release-files.ts';
import { reasonOf } from '../io/secret-files.ts';
import type { DocumentSigner } from '../io/signing.ts';
import { updateResultOf } from '../status/fleet.ts';
import { type BrokerOptions, FleetBroker, signerOf, withBroker } from './fleet-broker.ts';
import { milliseconds } from './fleet-push.ts';
import { type RolloutOptions, rollOut, type SiteResult, sitesOf, withRollout } from './fleet-rollout.ts';
import { CommandFailure, type Terminal } from './terminal.ts';

interface UpdateOptions extends BrokerOptions, RolloutOptions {
  readonly key: string;
  readonly url?: string;
  readonly allowOlder?: true;
  readonly confirmWithin: string;
  readonly patience: string;
}

/** What an appliance is told of a release, besides how to take it. */
interface Release {
  readonly url: string;
  readonly version: string;
  readonly platform: string;
  readonly sha256: string;
  readonly bytes: number;
}

export function addFleetUpdate(fleet: Command, terminal: Terminal): void {
  withRollout(withBroker(fleet.command('update')))
    .description(
      'brings appliances to another release of the program, a few first, and stops where one does not keep it',
    )
    .argument('<archive>', 'the release, as `npm run release` made it')
    .requiredOption('--key <file>', 'the private key that signs it')
    .option('--url <url>', 'where the appliances fetch the same archive; else as a file, by its path')
    .option('--allow-older', 'also where a newer one runs')
    .option('--confirm-within <duration>', 'how long it is on trial', '5m')
    .option('--patience <duration>', 'how long to wait for the outcome: for the download, and for calls to end', '90m')
    .action((archive: string, options: UpdateOptions) => update(archive, options, terminal));
}

async function update(archive: string, options: UpdateOptions, terminal: Terminal): Promise<void> {
  const signer = signerOf(options.key);
  milliseconds('--confirm-within', options.confirmWithin);
  const patienceMs = milliseconds('--patience', options.patience);
  const release = releaseOf(archive, options.url);
  const { version } = release;
  await FleetBroker.use(options, terminal, async (broker) => {
    await broker.read();
    const giveTo = (site: string) => giveRelease(site, release, options, { broker, signer, terminal, patienceMs });
    const rollout = { name: `version ${version}`, mark: { version }, good: ['applied'], giveTo };
    await rollOut(sitesOf(options, broker), rollout, options, terminal);
  });
}

interface Giver {
  readonly broker: FleetBroker;
  readonly signer: DocumentSigner;
  readonly terminal: Terminal;
  readonly patienceMs: number;
}

async function giveRelease(
  site: string,
  release: Release,
  { allowOlder, confirmWithin }: UpdateOptions,
  { broker, signer, terminal, patienceMs }: Giver,
): Promise<SiteResult> {
  if (broker.fleet.find(site)?.version === release.version) return { site, outcome: 'applied', why: 'it runs already' };
  const args = { ...release, confirmWithin, ...(allowOlder === undefined ? {} : { allowOlder }) };
  const answer = await broker.command(site, 'update', args, signer);
  if ('failure' in answer) return { site, outcome: 'not-sent', why: answer.failure };
  if (!answer.ok) return { site, outcome: 'rejected', why: answer.error ?? 'it says no more' };
  const topic = `branchline/${site}/update/reported`;
  const result = await broker.waitFor(
    patienceMs,
    () => updateResultOf(site, answer.id, broker.fleet.find(site)?.update),
    topic,
  );
  const why = terminal.stop.aborted ? 'interrupted; it goes on by itself' : 'it did not report in time';
  return result ?? { site, outcome: 'no-answer', why };
}

function releaseOf(archive: string, url: string | undefined): Release {
  let content: Buffer;
  try {
    content = readFileSync(archive);
  } catch (error) {
    throw new CommandFailure(`${archive} ${reasonOf(error)}`, 2);
  }
  const manifest = releaseManifest(manifestIn(archive));
  if (manifest === undefined) throw new CommandFailure(`${archive} is no release; npm run release makes one`, 2);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { url: url ?? pathToFileURL(realpathSync(archive)).href, ...manifest, sha256, bytes: content.length };
}

function manifestIn(archive: string): string {
  try {
    return execFileSync('tar', ['-xzOf', archive, './package.json'], { encoding: 'utf8', stdio: 'pipe' });
  } catch {
    return '';
  }
}
