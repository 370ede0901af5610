import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from './base/log.ts';
import type { ExitCode } from './cli/terminal.ts';
import { loadConfiguration } from './config/load.ts';
import type { SecretStore } from './config/secret.ts';
import { type EmbeddedBroker, startEmbeddedBroker } from './io/broker.ts';
import { systemClock } from './io/clock.ts';
import { freeTcpPort, freeUdpPort } from './io/free-port.ts';
import { openLog } from './io/log.ts';
import { type Runnable, ServiceHost } from './service-host.ts';
import { LogBook } from './status/log-book.ts';
import { formatTime } from './status/wall-time.ts';

export interface DemoOptions {
  readonly version: string;
  readonly pageDirectory: string;
  /** Resolves when the demo is to end. */
  readonly stopSignal: () => Promise<void>;
}

interface Places {
  readonly branchIax: number;
  readonly centreIax: number;
  readonly branchWeb: number;
  readonly centreWeb: number;
  readonly brokerUrl: string;
}

/** A branch, a centre, a broker and the panel of each on loopback: what `npm start` shows. */
export async function demo(options: DemoOptions): Promise<ExitCode> {
  const sink = openLog({ level: 'warn' });
  const folder = await mkdtemp(join(tmpdir(), 'branchline-demo-'));
  const broker = await startEmbeddedBroker({ ip: '127.0.0.1', port: await freeTcpPort(1883) });
  const running: ServiceHost[] = [];
  try {
    const places: Places = {
      branchIax: await freeUdpPort(14_569),
      centreIax: await freeUdpPort(14_570),
      branchWeb: await freeTcpPort(8080),
      centreWeb: await freeTcpPort(8081),
      brokerUrl: broker.url,
    };
    for (const site of ['centre', 'branch'] as const) {
      const service = await startSite(site, places, folder, options, sink.log);
      if ('failed' in service) {
        process.stderr.write(`branchline demo: ${service.failed}\n`);
        return 1;
      }
      running.push(service);
    }
    process.stdout.write(guide(places));
    process.stdout.write('ready\n');
    await options.stopSignal();
    return 0;
  } finally {
    await stopAll(running, broker);
    await rm(folder, { recursive: true, force: true });
    sink.flush();
  }
}

async function startSite(
  site: 'branch' | 'centre',
  places: Places,
  folder: string,
  { version, pageDirectory }: DemoOptions,
  log: Log,
): Promise<ServiceHost | { readonly failed: string }> {
  const { branchWeb, centreWeb } = places;
  const local = configurationOf(site === 'branch' ? branchDocument(places) : centreDocument(places));
  const logBook = new LogBook(log, () => formatTime(systemClock.wallMs()));
  return ServiceHost.start({
    local,
    readLocal: () => local,
    secrets: NO_SECRETS,
    launch: undefined,
    onRelease: () => {},
    onFailure: (reason) => log('error', 'main', reason),
    dataDirectory: join(folder, site),
    version,
    log: logBook.log,
    logBook,
    pageDirectory,
    neighbours: [
      site === 'branch'
        ? { name: 'Centre', url: `http://127.0.0.1:${centreWeb}/` }
        : { name: 'Branch', url: `http://127.0.0.1:${branchWeb}/` },
    ],
  });
}

async function stopAll(running: readonly ServiceHost[], broker: EmbeddedBroker): Promise<void> {
  // The branch says goodbye while the centre is still there to hear it.
  for (const service of running.toReversed()) await service.stop();
  await broker.close();
}

const NO_SECRETS: SecretStore = {
  env: () => undefined,
  file: () => ({ failure: 'the demo reads no files' }),
  key: () => ({ failure: 'the demo reads no files' }),
  open: () => ({ failure: 'the demo has nothing sealed' }),
};

function configurationOf(text: string): Runnable {
  const { configuration, dialplan, problems } = loadConfiguration(text, NO_SECRETS);
  if (configuration === undefined || dialplan === undefined)
    throw new Error(`the demo's own configuration is wrong: ${problems[0]?.message}`);
  return { configuration, dialplan, text };
}

function branchDocument({ branchIax, centreIax, branchWeb, brokerUrl }: Places): string {
  return `site: { id: demo-branch, name: Branch, country: fr, timezone: Europe/Paris }
hat:
  port: emulator
  lines:
    - { port: 1, kind: fxs, extension: "201", name: Front desk, context: office }
    - { port: 2, kind: fxs, extension: "202", name: Workshop, context: office }
iax2:
  bind: 127.0.0.1:${branchIax}
  peers:
    centre:
      type: friend
      host: 127.0.0.1:${centreIax}
      username: branch
      secret: "only-for-the-demo"
      register: { refresh: 60s }
      context: from-centre
      codecs: [ulaw, alaw]
      qualify: { every: 2s, timeout: 1s }
dialplan: |
  [office]
  exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},20)
  exten => _7XXX,1,Dial(IAX2/centre/\${EXTEN:1},30,r)
  exten => _7XXX,2,Congestion
  exten => 600,1,Answer
  exten => 600,2,Echo
  [from-centre]
  exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},20)
mqtt: { url: "${brokerUrl}" }
web: { listen: "http://127.0.0.1:${branchWeb}", auth: none }
`;
}

function centreDocument({ centreIax, centreWeb, brokerUrl }: Places): string {
  return `site: { id: demo-centre, name: Centre, country: fr, timezone: Europe/Paris }
hat:
  port: emulator
  emulator: plain
  lines:
    - { port: 1, kind: fxs, extension: "301", name: Head office, context: office }
iax2:
  bind: 127.0.0.1:${centreIax}
  peers:
    branch:
      type: friend
      host: dynamic
      secret: "only-for-the-demo"
      context: from-branch
      codecs: [ulaw, alaw]
      qualify: { every: 5s, timeout: 2s }
dialplan: |
  [office]
  exten => _20X,1,Dial(IAX2/branch/\${EXTEN},30)
  [from-branch]
  exten => 301,1,Dial(\${DEVICE(301)},20)
  exten => 600,1,Answer
  exten => 600,2,Echo
  exten => 601,1,Answer
  exten => 601,2,Milliwatt
  exten => 602,1,Busy
mqtt: { url: "${brokerUrl}" }
web: { listen: "http://127.0.0.1:${centreWeb}", auth: none }
`;
}

function guide({ branchWeb, centreWeb, brokerUrl }: Places): string {
  return `
Branchline: a branch office and its centre on this machine.

  Branch   http://127.0.0.1:${branchWeb}/   telephones 201 (Front desk) and 202 (Workshop)
  Centre   http://127.0.0.1:${centreWeb}/   telephone 301 (Head office)
  MQTT     ${brokerUrl}   mosquitto_sub -t 'branchline/#' -v

Open the branch, lift a handset and dial:
  202    the other telephone of the branch
  7301   the head office, over IAX2
  7600   an echo at the centre      7601   a test tone of 1004 Hz
  7602   a busy line                600    an echo in the branch
From the head office, 201 and 202 ring the branch. Ctrl-C ends it.

`;
}
