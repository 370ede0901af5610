import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { formatEnrolmentInformation } from '../config/enrolment.ts';
import { sealSecrets } from '../config/seal-secrets.ts';
import { nodeCrypto } from '../io/node-crypto.ts';
import { systemRandom } from '../io/random.ts';
import { passingKey, seal } from '../io/sealing.ts';
import { secretStore } from '../io/secret-files.ts';
import type { DocumentSigner } from '../io/signing.ts';
import { type EnrolmentCode, enrolmentTopic, formatCode, makeCode } from '../status/enrolment.ts';
import { EnrolmentDesk } from '../status/enrolment-desk.ts';
import { type BrokerOptions, envelope, FleetBroker, readText, signerOf, withBroker } from './fleet-broker.ts';
import { documentOf, milliseconds } from './fleet-push.ts';
import { CommandFailure, type Terminal } from './terminal.ts';

interface EnrolOptions extends BrokerOptions {
  readonly key: string;
  readonly site: string[];
  readonly values?: string;
  readonly expires: string;
  readonly directory?: string;
  readonly hat?: string;
  readonly boxUsername?: string;
  readonly boxPasswordFile?: string;
  readonly json?: true;
}

interface Offer {
  readonly site: string;
  readonly code: EnrolmentCode;
  readonly desk: EnrolmentDesk;
}

export function addFleetEnrol(fleet: Command, terminal: Terminal): void {
  withBroker(fleet.command('enrol'))
    .description('gives new boxes their first configuration: makes a code for each site, and answers who comes with it')
    .argument('<file>', 'the configuration, or a template with {{name}} for values of each site')
    .requiredOption('--key <file>', 'the private key that signs it')
    .requiredOption('--site <ids...>', 'for these sites')
    .option('--values <file>', 'YAML: a mapping of values for each site id')
    .option('--expires <duration>', 'how long the codes count', '24h')
    .option(
      '--directory <dir>',
      'writes what goes on the boot partition of each box to <dir>/<site>/branchline-enrol.yaml',
    )
    .option('--hat <port>', 'written there: the HAT whose keypad takes a code, such as /dev/ttyAMA0')
    .option('--box-username <name>', 'written there: who boxes without a configuration are at the broker')
    .option('--box-password-file <file>', 'written there: the password that goes with it')
    .option('--json', 'prints one JSON object per line')
    .addHelpText(
      'after',
      '\nSecrets of the configuration, also those in files beside it, are sealed for the box that comes with the code.\nRuns until every box has its configuration, the codes expire, or Ctrl-C; then the codes are worth nothing.',
    )
    .action((file: string, options: EnrolOptions) => enrol(file, options, terminal));
}

async function enrol(file: string, options: EnrolOptions, terminal: Terminal): Promise<void> {
  const signer = signerOf(options.key);
  const expiresMs = milliseconds('--expires', options.expires);
  const template = readText(file);
  const sites = [...new Set(options.site)];
  // What is wrong with a configuration is said before anybody is given a code.
  for (const site of sites) configurationFor(site, file, template, options, terminal, passingKey().publicKey);
  const failed = await FleetBroker.use(options, terminal, async (broker) => {
    const taken = await numbersInUse(broker);
    const offers = sites.map((site): Offer => {
      const code = makeCode(freeNumber(taken), (below) => systemRandom.integer(below));
      const desk = new EnrolmentDesk({
        site,
        code,
        own: passingKey(),
        crypto: { ...nodeCrypto, seal },
        configurationFor: (boxKey) => configurationFor(site, file, template, options, terminal, boxKey),
        sign: (content) => envelope('enrol', content, signer),
      });
      return { site, code, desk };
    });
    try {
      await serve(broker, offers, expiresMs, options, signer, terminal);
    } finally {
      for (const { code } of offers) await broker.publish(enrolmentTopic(code.number, 'offer'), '', true);
    }
    return offers.filter(({ desk }) => desk.outcome?.state !== 'enrolled').length;
  });
  if (failed > 0)
    throw new CommandFailure(`${failed} of ${sites.length} were not enrolled; their codes are worth nothing`);
}

async function serve(
  broker: FleetBroker,
  offers: readonly Offer[],
  expiresMs: number,
  options: EnrolOptions,
  signer: DocumentSigner,
  terminal: Terminal,
): Promise<void> {
  const say = (site: string, what: object, text: string) =>
    terminal.out(options.json ? `${JSON.stringify({ site, ...what })}\n` : `${site}  ${text}\n`);
  const byTopic = new Map(
    offers.flatMap((offer) =>
      (['request', 'result'] as const).map(
        (what) => [enrolmentTopic(offer.code.number, what), { offer, what }] as const,
      ),
    ),
  );
  const end = broker.listen(({ topic, payload }) => {
    const found = byTopic.get(topic);
    if (found === undefined) return;
    const { site, desk, code } = found.offer;
    if (found.what === 'result') desk.handleResult(payload);
    else {
      const { answer, note } = desk.handleRequest(payload);
      if (answer !== undefined) void broker.publish(enrolmentTopic(code.number, 'answer'), answer, false);
      if (note !== undefined) say(site, { note }, note);
    }
  });
  await broker.subscribe([...byTopic.keys(), ...offers.map(({ site }) => `branchline/${site}/health`)]);
  const expires = new Date(Date.now() + expiresMs).toISOString();
  for (const { site, code, desk } of offers) {
    await broker.publish(
      enrolmentTopic(code.number, 'offer'),
      envelope('enrol', { ...desk.offer, expires }, signer),
      true,
    );
    if (options.directory !== undefined) writeBoxFile(options.directory, site, code, options, signer, terminal);
    say(site, { code: formatCode(code), expires }, `code ${formatCode(code)}, until ${expires}`);
  }
  const open = new Set(offers);
  const look = () => {
    for (const offer of open) {
      const { site, desk } = offer;
      desk.handleSeen(broker.fleet.find(site)?.sealingKey);
      const { outcome } = desk;
      if (outcome === undefined) continue;
      open.delete(offer);
      say(site, outcome, outcome.state === 'failed' ? `failed: ${outcome.why}` : outcome.state);
    }
    return open.size === 0 ? true : undefined;
  };
  await broker.waitFor(expiresMs, look);
  for (const { desk } of open) desk.expire();
  look();
  end();
}

/** The configuration of one site with its secrets sealed for a box. */
function configurationFor(
  site: string,
  file: string,
  template: string,
  { values }: EnrolOptions,
  { environment }: Terminal,
  boxKey: string,
): string {
  const secrets = secretStore(file, environment, '/nonexistent');
  const { text, configuration } = documentOf(site, file, template, values, secrets);
  const name = configuration.mqtt?.provisioning?.publicKey;
  if (name === undefined || name.includes('/'))
    throw new CommandFailure(
      `${file}: mqtt.provisioning.publicKey must be the plain name of a file, such as ops.pub: the box keeps the key under it`,
      2,
    );
  const sealed = sealSecrets(text, secrets, (secret) => seal(boxKey, secret) ?? '');
  if ('failures' in sealed) throw new CommandFailure(`for ${site}: ${sealed.failures.join('; ')}`, 2);
  return sealed.text;
}

/** Numbers under which somebody else offers. */
async function numbersInUse(broker: FleetBroker): Promise<Set<string>> {
  const taken = new Set<string>();
  const end = broker.listen(({ topic, payload }) => {
    const [, number] = /^branchline-enrol\/(\d{4})\/offer$/.exec(topic) ?? [];
    if (number !== undefined && payload !== '') taken.add(number);
  });
  await broker.subscribe([enrolmentTopic('+', 'offer')]);
  await broker.settle();
  end();
  return taken;
}

function freeNumber(taken: Set<string>): string {
  if (taken.size > 9_000) throw new CommandFailure('too many enrolments are open at this broker');
  for (;;) {
    const number = String(systemRandom.integer(10_000)).padStart(4, '0');
    if (taken.has(number)) continue;
    taken.add(number);
    return number;
  }
}

function writeBoxFile(
  directory: string,
  site: string,
  code: EnrolmentCode,
  options: EnrolOptions,
  signer: DocumentSigner,
  terminal: Terminal,
): void {
  const { broker, boxUsername, boxPasswordFile, ca, hat } = options;
  const information = {
    broker,
    ...(boxUsername === undefined ? {} : { username: boxUsername }),
    ...(boxPasswordFile === undefined ? {} : { password: readText(boxPasswordFile).replace(/\r?\n$/, '') }),
    ...(ca === undefined ? {} : { ca: readText(ca) }),
    ...(hat === undefined ? {} : { hat }),
    publicKey: signer.publicKey,
    code: formatCode(code),
  };
  const folder = join(directory, site);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'branchline-enrol.yaml');
  writeFileSync(path, formatEnrolmentInformation(site, information), { mode: 0o600 });
  chmodSync(path, 0o600);
  if (!options.json) terminal.out(`${site}  wrote ${path}\n`);
}
