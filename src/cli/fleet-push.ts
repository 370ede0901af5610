import type { Command } from 'commander';
import { printable } from '../base/printable.ts';
import { differences, formatChange } from '../config/diff.ts';
import { readDocument } from '../config/document.ts';
import { type Configuration, loadConfiguration } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import type { SecretStore } from '../config/secret.ts';
import { fillTemplate, type PushResult, resultOf } from '../status/fleet.ts';
import { clearSecrets } from './clear-secrets.ts';
import { WITHOUT_SECRETS } from './configuration-file.ts';
import {
  type BrokerOptions,
  envelope,
  FleetBroker,
  readText,
  signerOf,
  wholeNumber,
  withBroker,
} from './fleet-broker.ts';
import { type RolloutOptions, rollOut, sitesOf, withRollout } from './fleet-rollout.ts';
import { CommandFailure, type Terminal } from './terminal.ts';

interface PushOptions extends BrokerOptions, RolloutOptions {
  readonly key: string;
  readonly values?: string;
  readonly revision?: string;
  readonly confirm: 'auto' | 'operator';
  readonly confirmWithin: string;
}

/** What an appliance may take beyond `confirmWithin`: it waits for its calls when a change needs another start. */
const SLACK_MS = 60_000;
/** What becomes of a document that an appliance has when nobody waits for its report any longer. */
const INTERRUPTED = 'interrupted; it has the document, and keeps it or rolls it back by itself';

export function addFleetPush(fleet: Command, terminal: Terminal): void {
  withRollout(withBroker(fleet.command('push')))
    .description('gives a configuration to appliances, a few first, and stops where one does not keep it')
    .argument('<file>', 'the configuration, or a template with {{name}} for values of each site')
    .requiredOption('--key <file>', 'the private key that signs it')
    .option('--values <file>', 'YAML: a mapping of values for each site id')
    .option('--revision <number>', 'its revision, higher than any before; the time in seconds by default')
    .option('--confirm <who>', 'auto, or operator: waits for `fleet confirm` besides', 'auto')
    .option('--confirm-within <duration>', 'how long it is on trial', '2m')
    .action((file: string, options: PushOptions) => push(file, options, terminal));
}

async function push(file: string, options: PushOptions, terminal: Terminal): Promise<void> {
  const signer = signerOf(options.key);
  const template = readText(file);
  const revision = wholeNumber('--revision', options.revision ?? String(Math.floor(Date.now() / 1000)));
  if (options.confirm !== 'auto' && options.confirm !== 'operator') {
    throw new CommandFailure(`--confirm is ${String(options.confirm)}; allowed: auto, operator`, 2);
  }
  const trialMs = milliseconds('--confirm-within', options.confirmWithin);
  await FleetBroker.use(options, terminal, async (broker) => {
    await broker.read();
    const sites = sitesOf(options, broker);
    const documents = new Map(sites.map((site) => [site, documentFor(site, file, template, options)]));
    const giveTo = async (site: string): Promise<PushResult> => {
      const { confirm, confirmWithin } = options;
      const content = { site, revision, confirmWithin, confirm, config: documents.get(site) };
      const topic = `branchline/${site}/config/desired`;
      const failure = await broker.publish(topic, envelope('config', content, signer), true, trialMs + SLACK_MS);
      if (failure !== undefined) return { site, outcome: 'not-sent', why: failure };
      const result = await broker.waitFor(
        trialMs + SLACK_MS,
        () => resultOf({ site, revision }, broker.fleet.find(site)?.reported, confirm === 'operator'),
        `branchline/${site}/config/reported`,
      );
      const why = terminal.stop.aborted ? INTERRUPTED : 'it did not report in time';
      return result ?? { site, outcome: 'no-answer', why };
    };
    const pushing = { name: `revision ${revision}`, mark: { revision }, good: ['applied', 'pending-confirm'], giveTo };
    await rollOut(sites, pushing, options, terminal);
  });
}

/** The configuration of one site, judged as far as it can be from here: the secrets are on the box. */
function documentFor(site: string, file: string, template: string, { values }: PushOptions): string {
  const { text, configuration } = documentOf(site, file, template, values, WITHOUT_SECRETS);
  const clear = clearSecrets(configuration);
  if (clear.length > 0) {
    throw new CommandFailure(
      `${file}: the broker would keep secrets in clear: ${clear.join(', ')}; seal them with \`branchline fleet seal ${site}\`, or name a file on the box`,
      2,
    );
  }
  return text;
}

/** The template with the values of one site, which must make a valid configuration for it. */
export function documentOf(
  site: string,
  file: string,
  template: string,
  values: string | undefined,
  secrets: SecretStore,
): { readonly text: string; readonly configuration: Configuration } {
  const filled = fillTemplate(template, { ...(values === undefined ? {} : valuesOf(values, site)), site });
  if ('missing' in filled) {
    throw new CommandFailure(`${file}: ${site} has no value for ${filled.missing.join(', ')}`, 2);
  }
  const { configuration, problems } = loadConfiguration(filled.text, secrets);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (configuration === undefined || errors.length > 0) {
    throw new CommandFailure(`for ${site}:\n${errors.map((problem) => formatProblem(file, problem)).join('\n')}`, 2);
  }
  if (configuration.site.id !== site) {
    throw new CommandFailure(`${file} has site.id ${configuration.site.id}, not ${site}; a template says {{site}}`, 2);
  }
  return { text: filled.text, configuration };
}

function valuesOf(file: string, site: string): Record<string, string> {
  const { value, problems } = readDocument(readText(file));
  const [problem] = problems;
  if (problem !== undefined) throw new CommandFailure(formatProblem(file, problem), 2);
  const own = (value as Record<string, unknown> | undefined)?.[site];
  if (typeof own !== 'object' || own === null) return {};
  return Object.fromEntries(Object.entries(own).map(([name, item]) => [name, String(item)]));
}

export function addFleetDiff(fleet: Command, terminal: Terminal): void {
  withBroker(fleet.command('diff'))
    .description('what a configuration would change of the one that was pushed to a site last')
    .argument('<file>', 'the configuration, or a template')
    .requiredOption('--site <id>', 'the site')
    .option('--values <file>', 'YAML: a mapping of values for each site id')
    .option('--json', 'prints the changes as JSON')
    .action((file: string, options: Omit<PushOptions, 'site'> & { readonly site: string }) =>
      FleetBroker.use(options, terminal, async (broker) => {
        const { site, ...others } = options;
        const after = readConfiguration(documentFor(site, file, readText(file), others));
        await broker.read(site);
        const desired = broker.fleet.find(site)?.desired;
        if (desired === undefined)
          throw new CommandFailure(`no configuration was pushed to ${site} through this broker`);
        const changes = differences(readConfiguration(desired.config), after);
        if (options.json) terminal.out(`${JSON.stringify(changes, null, 2)}\n`);
        else if (changes.length === 0) terminal.out(`nothing: it is as revision ${desired.revision}\n`);
        else terminal.out(changes.map((change) => `${printable(formatChange(change))}\n`).join(''));
      }),
    );
}

function readConfiguration(text: string): Configuration | undefined {
  return loadConfiguration(text, WITHOUT_SECRETS).configuration;
}

/** An option that must be a duration. */
export function milliseconds(option: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  if (number === '') throw new CommandFailure(`${option} is ${text}; a duration is wanted: 30s, 2m`, 2);
  return Number(number) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit as 'ms' | 's' | 'm' | 'h'];
}
