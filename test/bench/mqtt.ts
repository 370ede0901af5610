/**
 * Measures the appliance at its broker, and a fleet of them, and writes docs/reference/benchmarks-mqtt.md. The appliance is the
 * built program; the broker is mosquitto.
 *
 *     npm run build && npx tsx test/bench/mqtt.ts [--seconds 120] [--calls 30] [--fleet 1000] [--to FILE]
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { argv, cwd, version } from 'node:process';
import { parseArgs } from 'node:util';
import { connectAsync } from 'mqtt';
import { Counters } from '../../src/base/counters.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { envelope, signerOf } from '../../src/cli/fleet-broker.ts';
import type { Call } from '../../src/iax2/endpoint.ts';
import { Iax2Node } from '../../src/iax2-node.ts';
import { systemClock } from '../../src/io/clock.ts';
import { type BrokerConnection, BrokerLink } from '../../src/io/mqtt.ts';
import { generateSigningKeys } from '../../src/io/signing.ts';
import { RecordKeeper } from '../../src/record-keeper.ts';
import { Appliance } from '../support/appliance.ts';
import { HeadOffice, outcomes } from '../support/head-office.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { Mosquitto } from '../support/mosquitto.ts';
import type { Program } from '../support/program.ts';
import { pause, waitUntil } from '../support/wait-until.ts';
import { ByteMeter } from './byte-meter.ts';
import { cpuNanoseconds, MachineLoad, memory } from './process-cost.ts';

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    seconds: { type: 'string', default: '120' },
    calls: { type: 'string', default: '30' },
    fleet: { type: 'string', default: '1000' },
    to: { type: 'string', default: join(import.meta.dirname, '../../docs/reference/benchmarks-mqtt.md') },
  },
});
const seconds = Number(values.seconds);
const callCount = Number(values.calls);
const fleetSize = Number(values.fleet);
const rows: [what: string, figure: string][] = [];
const row = (what: string, figure: string) => {
  rows.push([what, figure]);
  console.error(`${what}: ${figure}`);
};

const ROOT = 'branchline/bench';
const [BROKER, METER, CENTRE] = [loopbackAddress(81), loopbackAddress(82), loopbackAddress(85)];
/** The office that is measured, and one without MQTT beside it. */
const OFFICE = { name: 'bench', ip: loopbackAddress(83) };
const PLAIN = { name: 'plain', ip: loopbackAddress(84) };
const SECRET = 'of-the-bench';
/** Records of the usual size. */
const RECORD = JSON.stringify({ kind: 'leg', id: randomUUID(), callId: randomUUID(), filler: 'x'.repeat(420) });

/** `12 / 18 / 25`: median, 99th percentile, longest. */
function spread(figures: readonly number[], digits = 1): string {
  const sorted = [...figures].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(digits);
  return `${at(0.5)} / ${at(0.99)} / ${at(1)} (${sorted.length})`;
}

const thousands = (figure: number) => Math.round(figure).toLocaleString('en-GB');

/** An office with four telephones and a trunk; what it dials outside comes back as a second leg from the centre. */
function office({ name, ip }: typeof OFFICE, mqtt: string, number = '600'): string {
  const lines = [1, 2, 3, 4].map(
    (port) => `    - { port: ${port}, kind: fxs, extension: "20${port}", context: office }`,
  );
  return `
site: { id: bench, country: fr }
hat:
  port: emulator
  emulator: plain
  lines:
${lines.join('\n')}
iax2:
  bind: ${ip}:4569
  peers:
    hq:
      type: friend
      host: ${CENTRE}
      username: ${name}
      secret: ${SECRET}
      auth: [md5]
      qualify: { every: 60s, timeout: 1s }
      context: office
      codecs: [ulaw]
dialplan: |
  [office]
  exten => ${number},1,Dial(IAX2/hq/1,60)
${mqtt}
`;
}

/** Head office's switch: answers what comes, and talks on every call. */
async function openCentre() {
  const node = await Iax2Node.open({
    bind: { ip: CENTRE, port: 4569 },
    peers: [OFFICE, PLAIN].map(({ name, ip }) => ({ name, host: ip, username: 'hq', secrets: [SECRET] })),
  });
  const placed = new Set<Call>();
  node.on('call', (call, event) => {
    if (event.type === 'incoming') node.give((nowMs) => call.answer(nowMs));
    if (event.type === 'answered') placed.add(call);
    if (event.type !== 'incoming' && event.type !== 'answered') return;
    node.attach(call, (_heard, say) => {
      for (let i = 0; i < say.length; i++) say[i] = 4_000 * Math.sin(i / 3);
    });
  });
  const place = async (peer: string) => {
    for (let i = 0; i < callCount; i++) {
      node.placeCall({ peer, number: '600', caller: { number: '1', name: '' } });
      await pause(50);
    }
    await waitUntil(`${callCount} calls`, 20_000, () => placed.size >= callCount);
  };
  const clear = () => {
    for (const call of placed) node.give((nowMs) => call.hangup('normal-clearing', nowMs));
    placed.clear();
  };
  return { place, clear, close: () => node.close() };
}

type Centre = Awaited<ReturnType<typeof openCentre>>;

/** Cost of `pids` and of the line to the broker over the window, for an hour. */
async function overWindow(pids: readonly number[], meter: ByteMeter, windowS: number) {
  const before = { cpu: pids.map(cpuNanoseconds), up: meter.up, down: meter.down, ms: performance.now() };
  await pause(windowS * 1_000);
  const perHour = 3_600_000 / (performance.now() - before.ms);
  return {
    cpuS: pids.map((pid, i) => ((cpuNanoseconds(pid) - before.cpu[i]!) / 1e9) * perHour),
    up: (meter.up - before.up) * perHour,
    down: (meter.down - before.down) * perHour,
  };
}

async function measureOffice(broker: Mosquitto): Promise<void> {
  const meter = await ByteMeter.open(METER, 1883, { ip: BROKER, port: 1883 });
  const keys = generateSigningKeys();
  const mqtt = `mqtt: { url: "mqtt://${METER}:1883", provisioning: { publicKey: ops.pub } }`;
  const connected = new Appliance({ config: office(OFFICE, mqtt) });
  const plain = new Appliance({ config: office(PLAIN, '') });
  const key = join(connected.folder, 'ops.key');
  writeFileSync(key, keys.privateKey);
  writeFileSync(join(connected.folder, 'ops.pub'), keys.publicKey);
  const client = await connectAsync(broker.url, { protocolVersion: 5 });
  const came = new Map<string, { readonly atMs: number; readonly body: Record<string, unknown> }[]>();
  client.on('message', (topic, payload) => {
    const list = came.get(topic) ?? [];
    came.set(topic, list);
    list.push({ atMs: performance.now(), body: JSON.parse(payload.toString()) as Record<string, unknown> });
  });
  const centre = await openCentre();
  try {
    await plain.start();
    await connected.start();
    await connected.waitForStatus('the broker', 10_000, (status) => status.mqtt?.state === 'connected');
    await pause(5_000);
    const pids = [connected.pid, plain.pid];
    const load = new MachineLoad();
    const idle = await overWindow(pids, meter, seconds);
    tellWindow('idle, a trunk and four telephones', idle);
    const busy = await measureCalls(centre, connected, plain, meter);
    tellWindow(`${callCount} calls`, busy);
    row('busy meanwhile: % of the machine', load.shares().busyPct.toFixed(0));
    await client.subscribeAsync(`${ROOT}/#`, { qos: 1 });
    await measureChanges(connected, came);
    await measureProvisioning(
      (content) =>
        client.publishAsync(`${ROOT}/config/desired`, envelope('config', content, signerOf(key)), { qos: 1 }),
      (number) => office(OFFICE, mqtt, number),
      came,
    );
  } finally {
    await client.endAsync(true);
    await connected.dispose();
    await plain.dispose();
    await centre.close();
    meter.close();
  }
}

function tellWindow(
  when: string,
  { cpuS: [connected = 0, plain = 0], up, down }: Awaited<ReturnType<typeof overWindow>>,
): void {
  row(`${when}: CPU with MQTT / without: s in an hour`, `${connected.toFixed(0)} / ${plain.toFixed(0)}`);
  row(`${when}: to the broker / from it: bytes in an hour`, `${thousands(up)} / ${thousands(down)}`);
}

/** The same calls through one of them and then the other. */
async function measureCalls(centre: Centre, connected: Appliance, plain: Appliance, meter: ByteMeter) {
  const cpuS: number[] = [];
  let bytes = { up: 0, down: 0 };
  for (const [appliance, { name }] of [
    [connected, OFFICE],
    [plain, PLAIN],
  ] as const) {
    await centre.place(name);
    await pause(2_000);
    const window = await overWindow([appliance.pid], meter, seconds / 4);
    cpuS.push(window.cpuS[0]!);
    if (appliance === connected) bytes = window;
    const { calls } = await appliance.status();
    if (calls.length !== callCount) throw new Error(`${calls.length} calls stand, not ${callCount}`);
    centre.clear();
    await appliance.waitForNoCalls(10_000);
  }
  return { ...bytes, cpuS };
}

/** From the request for a call to the messages that tell of it. */
async function measureChanges(appliance: Appliance, came: Map<string, { readonly atMs: number }[]>): Promise<void> {
  const [callMs, lineMs]: [number[], number[]] = [[], []];
  for (let i = 0; i < 120; i++) {
    const port = 1 + (i % 4);
    const line = came.get(`${ROOT}/lines/${port}`) ?? [];
    const told = line.length;
    const askedMs = performance.now();
    const made = await appliance.request('POST', '/api/calls', { from: `LINE/${port}`, to: '600' });
    const { id } = (await made.json()) as { id: string };
    const call = await waitUntil('the call', 5_000, () => came.get(`${ROOT}/calls/${id}`)?.[0]);
    const state = await waitUntil('the line', 5_000, () => (came.get(`${ROOT}/lines/${port}`) ?? [])[told]);
    callMs.push(call.atMs - askedMs);
    lineMs.push(state.atMs - askedMs);
    await appliance.request('DELETE', `/api/calls/${id}`);
    await pause(350 + (i % 7));
  }
  row('asked over HTTP for a call, to its event on calls/<id>: ms', spread(callMs));
  row('the same to the state of the line on lines/<n>, coalesced over 100 ms: ms', spread(lineMs));
}

type Came = ReadonlyMap<string, readonly { readonly atMs: number; readonly body: Record<string, unknown> }[]>;

async function measureProvisioning(
  publish: (content: object) => Promise<unknown>,
  config: (number: string) => string,
  came: Came,
) {
  const [runningMs, keptMs]: [number[], number[]] = [[], []];
  const report = (revision: number, state: string) =>
    waitUntil(`revision ${revision} to be ${state}`, 20_000, () =>
      came.get(`${ROOT}/config/reported`)?.find(({ body }) => body['revision'] === revision && body['state'] === state),
    );
  for (let revision = 1; revision <= 22; revision++) {
    const isWhole = revision > 20;
    const sentMs = performance.now();
    await publish({
      site: 'bench',
      revision,
      confirmWithin: isWhole ? '1m' : '2s',
      config: config(String(600 + revision)),
    });
    runningMs.push((await report(revision, 'pending-confirm')).atMs - sentMs);
    const kept = await report(revision, 'applied');
    if (isWhole) keptMs.push(kept.atMs - sentMs);
  }
  row('a document published to the report that it runs, on trial: ms', spread(runningMs));
  row('a document published to the report that it is kept, 5 s of trial included: ms', spread(keptMs, 0));
}

/** On the disk of the working folder: a folder of temporary files may be none. */
async function measureOutbox(broker: Mosquitto): Promise<void> {
  const directory = mkdtempSync(join(cwd(), '.bench-outbox-'));
  const keeper = await RecordKeeper.open({
    site: 'bench',
    directory,
    clock: systemClock,
    log: () => {},
    counters: new Counters(),
    maxBytes: 1 << 30,
  });
  const keep = () =>
    new Promise<void>((resolve) => keeper.keep([{ id: randomUUID(), topic: 'cdr', payload: RECORD }], resolve));
  const rate = async (count: number, work: () => Promise<unknown>) => {
    const startMs = performance.now();
    await work();
    return thousands(count / ((performance.now() - startMs) / 1_000));
  };
  try {
    const alone = await rate(300, async () => {
      for (let i = 0; i < 300; i++) await keep();
    });
    row(`records of ${RECORD.length} bytes onto the disk, each flushed alone: in a second`, alone);
    const together = await rate(20_000, async () => {
      for (let i = 0; i < 200; i++) {
        await Promise.all(Array.from({ length: 100 }, keep));
      }
    });
    row('the same, a hundred at a time flushed together: in a second', together);
    const { waiting } = keeper;
    const delivered = await rate(waiting, () => deliverAll(broker, keeper));
    row('the same from the disk to a subscriber, each acknowledged: in a second', delivered);
  } finally {
    await keeper.close();
    rmSync(directory, { recursive: true });
  }
}

async function deliverAll(broker: Mosquitto, keeper: RecordKeeper): Promise<void> {
  const consumer = await connectAsync(broker.url, { protocolVersion: 5 });
  await consumer.subscribeAsync('branchline/bench/cdr', { qos: 1 });
  const farewell = { topic: 'bench/state', payload: '', qos: 0, retain: false } as const;
  const link = new BrokerLink({
    url: broker.url,
    clientId: 'outbox',
    will: () => farewell,
    onConnected: (connection: BrokerConnection) => keeper.handleConnected(connection),
    onDisconnected: () => keeper.handleDisconnected(),
    onMessage: () => {},
    onStatus: () => {},
    versions: new Map(),
    clock: systemClock,
    random: new SeededRandom(1),
    log: () => {},
  });
  link.start();
  while (keeper.waiting > 0) await pause(5);
  await link.stop(farewell);
  await consumer.endAsync(true);
}

async function measureFleet(broker: Mosquitto): Promise<void> {
  const head = new HeadOffice(fleetSize, broker.url);
  try {
    head.fleet.start();
    await head.listed();
    const took: number[] = [];
    const cpu: number[] = [];
    for (let i = 0; i < 5; i++) {
      const list = head.command('list', '--json');
      cpu.push((await cost(list)) / 1e6);
      took.push(performance.now() - list.startedMs);
    }
    row(`fleet list, ${fleetSize} appliances, half a second of listening included: ms`, spread(took, 0));
    row('CPU of it: ms', spread(cpu, 0));
    row(`the broker with ${fleetSize} appliances: resident MB`, memory(broker.pid).residentMb.toFixed(0));
    const watch = head.command('list', '--watch');
    await watch.waitFor('the table', 20_000, () => watch.stdout.includes('office-0001'));
    await pause(3_000);
    const before = cpuNanoseconds(watch.pid);
    await pause(20_000);
    row(
      'CPU of fleet list --watch, nothing happening: % of a core',
      ((cpuNanoseconds(watch.pid) - before) / 2e8).toFixed(1),
    );
    const startMs = performance.now();
    const brokerCpu = cpuNanoseconds(broker.pid);
    const push = head.push(7, 250);
    const duringPush = cpuNanoseconds(watch.pid);
    await push.exit(300_000);
    const pushS = (performance.now() - startMs) / 1_000;
    const applied = outcomes(push).filter(({ outcome }) => outcome === 'applied').length;
    row(
      `fleet push to all ${fleetSize}, 250 at a time, each up to 0.4 s at work: s`,
      `${pushS.toFixed(1)} (${applied} applied)`,
    );
    row(
      'CPU of fleet list --watch meanwhile: % of a core',
      ((cpuNanoseconds(watch.pid) - duringPush) / (pushS * 1e7)).toFixed(1),
    );
    row(
      'CPU of the broker meanwhile: % of a core',
      ((cpuNanoseconds(broker.pid) - brokerCpu) / (pushS * 1e7)).toFixed(1),
    );
    watch.signal('SIGINT');
    await watch.exit();
  } finally {
    await head.dispose();
  }
}

/** What a program has used when it ends; looked at until then, as far as it can be seen. */
async function cost(program: Program): Promise<number> {
  let used = 0;
  while (!program.exited) {
    try {
      used = Math.max(used, cpuNanoseconds(program.pid));
    } catch {
      // It has just ended.
    }
    await pause(5);
  }
  return used;
}

const broker = new Mosquitto(BROKER, 1883, 'allow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\n');
await broker.start();
try {
  await measureOutbox(broker);
  await measureOffice(broker);
  await measureFleet(broker);
} finally {
  await broker.dispose();
}
const [cpu] = cpus();
writeFileSync(
  values.to,
  `# Benchmarks of MQTT

Written by \`test/bench/mqtt.ts\`; do not edit. Node ${version}, ${cpus().length} × ${cpu?.model.split(' ').slice(0, 2).join(' ')}, Linux ${release()}.
A spread is median / 99th percentile / longest, and how many were measured. The appliance is the built program with an emulated
HAT, the broker mosquitto on the same machine. Bytes are what TCP carries, both ways, over ${seconds} s idle and ${seconds / 4} s of calls, for an hour;
CPU is of all threads of the process over the same time. Each of the ${callCount} calls comes from an IAX2 switch and goes back to it, with voice both ways.

| | |
|---|---|
${rows.map(([what, figure]) => `| ${what} | ${figure} |`).join('\n')}
`,
);
