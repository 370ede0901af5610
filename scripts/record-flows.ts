/**
 * Records what two real Asterisks say to each other into test/vectors/iax2/flows, for tests that play it to our own
 * machines: npx tsx scripts/record-flows.ts, then npx biome format --write test/vectors. Needs the peers of the tests (npm test installs them) and the right to capture.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Asterisk, startAsterisk } from '../test/support/asterisk.ts';
import { BRANCH, CENTRE, centreFiles, SECRET } from '../test/support/branch-office.ts';
import { Capture } from '../test/support/capture.ts';
import type { RecordedFlow } from '../test/support/iax2-replay.ts';
import { pause } from '../test/support/wait-until.ts';

const FOLDER = join(import.meta.dirname, '../test/vectors/iax2/flows');
/** Voice is the same again and again: so many mini and trunk frames of each side are kept. */
const KEPT_MEDIA = 20;

interface Scenario {
  readonly title: string;
  /** Lines of both sides' section for each other, and of [general]. */
  readonly peer: string;
  readonly general: string;
  /** What the branch calls, and what it does there once it is answered. */
  readonly calls: readonly { readonly number: string; readonly application: string; readonly forMs: number }[];
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  md5: {
    title:
      'registration and calls with MD5: answered, with a digit and a text, busy, and to a number that does not exist',
    peer: '',
    general: '',
    calls: [
      { number: '600', application: 'SendDTMF 5', forMs: 1_500 },
      { number: '600', application: 'SendText hello', forMs: 1_500 },
      { number: '602', application: 'Wait 1', forMs: 1_500 },
      { number: '999', application: 'Wait 1', forMs: 1_500 },
    ],
  },
  aes128: {
    title: 'an encrypted call, with a change of keys',
    peer: 'encryption=aes128\nforceencryption=yes',
    general: '',
    calls: [{ number: '600', application: 'Milliwatt', forMs: 2_500 }],
  },
  trunk: {
    title: 'a call in trunk frames with timestamps',
    peer: 'trunk=yes',
    general: 'trunktimestamps=yes',
    calls: [{ number: '600', application: 'Milliwatt', forMs: 1_500 }],
  },
};

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  const flow = await record(scenario);
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(flow, null, 1)}\n`);
  console.log(`${name}: ${flow.datagrams.length} datagrams`);
}

async function record({ title, peer, general, calls }: Scenario): Promise<RecordedFlow> {
  const centre = await startAsterisk({
    version: '16',
    bind: CENTRE,
    files: centreFiles({ peer: `qualify=no\n${peer}`, general }),
  });
  const capture = await Capture.start(`udp port 4569 and host ${BRANCH} and host ${CENTRE}`);
  const branch = await startAsterisk({ version: '22', bind: BRANCH, files: branchFiles(peer, general) });
  try {
    await centre.waitForLog(/Registered IAX2 'branch1'/, 10_000);
    for (const { number, application, forMs } of calls) await callFrom(branch, number, application, forMs);
    await branch.cli('core stop gracefully').catch(() => '');
    await pause(1_500);
    await capture.stop();
    return {
      title,
      secret: SECRET,
      branch: 'Asterisk 22',
      centre: 'Asterisk 16',
      datagrams: await datagramsOf(capture),
    };
  } finally {
    await branch.dispose();
    await centre.dispose();
    await capture.dispose();
  }
}

async function callFrom(branch: Asterisk, number: string, application: string, forMs: number): Promise<void> {
  await branch.cli(`channel originate IAX2/hq/${number} application ${application}`);
  await pause(forMs);
  await branch.cli('channel request hangup all');
  await branch.waitForCli('core show channels count', /0 active channels/, 10_000);
  await pause(300);
}

function branchFiles(peer: string, general: string): Record<string, string> {
  return {
    'iax.conf': `[general]
bindaddr=@BIND@
disallow=all
allow=ulaw
jitterbuffer=no
${general}
register => branch1:${SECRET}@${CENTRE}
[hq]
type=friend
host=${CENTRE}
username=branch1
secret=${SECRET}
auth=md5
context=nowhere
${peer}`,
    'extensions.conf': '[nowhere]',
  };
}

async function datagramsOf(capture: Capture): Promise<RecordedFlow['datagrams']> {
  const rows = await capture.fields('udp', ['frame.time_relative', 'ip.src', 'udp.payload']);
  const kept = { branch: 0, centre: 0 };
  return rows.flatMap(([time, ip, hex]) => {
    const from = ip === BRANCH ? 'branch' : 'centre';
    const isFull = Number.parseInt(hex!.slice(0, 2), 16) >= 0x80;
    if (!isFull && kept[from]++ >= KEPT_MEDIA) return [];
    return [{ atMs: Math.round(Number(time) * 1000), from, hex: hex! } as const];
  });
}
