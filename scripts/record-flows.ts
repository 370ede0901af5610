/**
 * Records what two real Asterisks say to each other into test/vectors/iax2/flows, for tests that play it to our own
 * machines: npx tsx scripts/record-flows.ts, with names of flows for those only, then
 * npx biome format --write test/vectors. Needs the peers of the tests (npm test installs them) and the right to capture.
 */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AsteriskVersion } from '../test/interop/peers/catalogue.ts';
import { type Asterisk, startAsterisk } from '../test/support/asterisk.ts';
import { BRANCH, CENTRE, centreFiles, SECRET } from '../test/support/branch-office.ts';
import { Capture } from '../test/support/capture.ts';
import type { RecordedFlow } from '../test/support/iax2-replay.ts';
import { pause } from '../test/support/wait-until.ts';

const FOLDER = join(import.meta.dirname, '../test/vectors/iax2/flows');
/** Voice is the same again and again: so many mini and trunk frames of each side are kept. */
const KEPT_MEDIA = 20;
const RSA_CENTRE = 'auth=rsa\ninkeys=branchkey';
/** A call that is sent on must stand between two parties; a switch is entered by Goto, since Asterisk 16 dies of the other way. */
const BRIDGED = 'exten => 611,1,Dial(Local/600@from-branch)\n';
const SWITCHED = `[to-switch]
exten => _X.,1,Answer()
 same => n,Goto(via-hq,\${EXTEN},1)
[via-hq]
switch => IAX2/hq/from-branch
`;
/** Talks for a second first. */
const SENT_ON = `[send-on]
exten => _X.,1,Wait(1)
 same => n,Transfer(\${EXTEN})
`;

interface RecordedCall {
  /** What the branch calls there, `600` or `600@context`; or a channel of its own. */
  readonly to: string | { readonly channel: string };
  /** What it does once it is answered: an application, or an extension of its own dialplan. */
  readonly does: `application ${string}` | `extension ${string}`;
  readonly forMs: number;
  /** So many at the same time. */
  readonly times?: number;
}

interface Scenario {
  readonly title: string;
  /** Of the branch, whose side is played to us; the centre is the other one. */
  readonly branch: AsteriskVersion;
  /** Lines of both sides' section for each other, and of [general]. */
  readonly peer?: string;
  readonly general?: string;
  /** How the branch proves itself, if not by the right secret. */
  readonly proof?: 'rsa' | 'wrong-secret';
  readonly calls: readonly RecordedCall[];
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  md5: {
    title:
      'registration and calls with MD5: answered, with a digit and a text, busy, and to a number that does not exist',
    branch: '22',
    calls: [
      { to: '600', does: 'application SendDTMF 5', forMs: 1_500 },
      { to: '600', does: 'application SendText hello', forMs: 1_500 },
      { to: '602', does: 'application Wait 1', forMs: 1_500 },
      { to: '999', does: 'application Wait 1', forMs: 1_500 },
    ],
  },
  aes128: {
    title: 'an encrypted call, with a change of keys',
    branch: '22',
    peer: 'encryption=aes128\nforceencryption=yes',
    calls: [{ to: '600', does: 'application Milliwatt', forMs: 2_500 }],
  },
  trunk: {
    title: 'a call in trunk frames with timestamps',
    branch: '22',
    peer: 'trunk=yes',
    general: 'trunktimestamps=yes',
    calls: [{ to: '600', does: 'application Milliwatt', forMs: 1_500 }],
  },
  'trunk-three-calls': {
    title: 'three calls at a time in trunk frames without timestamps',
    branch: '16',
    peer: 'trunk=yes',
    general: 'trunktimestamps=no',
    calls: [{ to: '600', does: 'application Milliwatt', forMs: 1_500, times: 3 }],
  },
  rsa: {
    title: 'registration and a call with RSA keys',
    branch: '22',
    proof: 'rsa',
    calls: [{ to: '600', does: 'application Wait 2', forMs: 1_000 }],
  },
  'wrong-secret': {
    title: 'registration and a call with a secret that is not the one',
    branch: '16',
    proof: 'wrong-secret',
    calls: [{ to: '600', does: 'application Wait 2', forMs: 1_000 }],
  },
  failures: {
    title:
      'calls that come to nothing: no such number, no such context, busy and congestion by cause and by a tone of the far end',
    branch: '16',
    calls: [
      { to: '999', does: 'application Wait 1', forMs: 1_000 },
      { to: '600@elsewhere', does: 'application Wait 1', forMs: 1_000 },
      { to: '602', does: 'application Wait 1', forMs: 1_000 },
      { to: '603', does: 'application Wait 1', forMs: 1_000 },
      { to: '608', does: 'application Wait 1', forMs: 1_000 },
      { to: '609', does: 'application Wait 1', forMs: 1_000 },
    ],
  },
  switch: {
    title:
      'a dialplan that asks the far one (DPREQ): for a number that it has, then calls it, and for one that it has not',
    branch: '22',
    calls: [
      { to: { channel: 'Local/600@to-switch' }, does: 'application Wait 2', forMs: 1_500 },
      { to: { channel: 'Local/655@to-switch' }, does: 'application Wait 2', forMs: 1_500 },
    ],
  },
  'blind-transfer': {
    title: 'a caller who sends the called party on to another number (TRANSFER)',
    branch: '16',
    calls: [{ to: '611', does: 'extension 602@send-on', forMs: 2_500 }],
  },
};

const wanted = process.argv.slice(2);
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const flow = await record(scenario);
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(flow, null, 1)}\n`);
  console.log(`${name}: ${flow.datagrams.length} datagrams`);
}

async function record(scenario: Scenario): Promise<RecordedFlow> {
  const { title, branch: version, peer = '', general = '', proof, calls } = scenario;
  const other = version === '22' ? '16' : '22';
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const secret = proof === 'wrong-secret' ? 'not-the-secret' : SECRET;
  const theirs = centreFiles({ peer: `qualify=no\n${proof === 'rsa' ? RSA_CENTRE : ''}\n${peer}`, general });
  const extensions = theirs['extensions.conf']!.replace('[to-branch]', `${BRIDGED}[to-branch]`);
  const centre = await startAsterisk({
    version: other,
    bind: CENTRE,
    files: { ...theirs, 'extensions.conf': extensions, 'keys/branchkey.pub': keys.publicKey },
  });
  const capture = await Capture.start(`udp port 4569 and host ${BRANCH} and host ${CENTRE}`);
  const branch = await startAsterisk({
    version,
    bind: BRANCH,
    files: { ...branchFiles(scenario, secret), 'keys/branchkey.key': keys.privateKey },
  });
  try {
    const isRefused = proof === 'wrong-secret';
    await centre.waitForLog(isRefused ? /failed MD5 authentication/ : /Registered IAX2 'branch1'/, 10_000);
    for (const call of calls) await callFrom(branch, call);
    await branch.cli('core stop gracefully').catch(() => '');
    await pause(1_500);
    await capture.stop();
    return {
      title,
      secret,
      ...(proof === 'rsa' ? { publicKey: keys.publicKey } : {}),
      branch: `Asterisk ${version}`,
      centre: `Asterisk ${other}`,
      datagrams: await datagramsOf(capture),
    };
  } finally {
    await branch.dispose();
    await centre.dispose();
    await capture.dispose();
  }
}

async function callFrom(branch: Asterisk, { to, does, forMs, times = 1 }: RecordedCall): Promise<void> {
  const channel = typeof to === 'string' ? `IAX2/hq/${to}` : to.channel;
  for (let i = 0; i < times; i++) await branch.cli(`channel originate ${channel} ${does}`);
  await pause(forMs);
  await branch.cli('channel request hangup all');
  await branch.waitForCli('core show channels count', /0 active channels/, 10_000);
  await pause(300);
}

function branchFiles({ peer = '', general = '', proof }: Scenario, secret: string): Record<string, string> {
  return {
    'iax.conf': `[general]
bindaddr=@BIND@
disallow=all
allow=ulaw
jitterbuffer=no
${general}
register => branch1:${proof === 'rsa' ? '[branchkey]' : secret}@${CENTRE}
[hq]
type=friend
host=${CENTRE}
username=branch1
${proof === 'rsa' ? 'auth=rsa\noutkey=branchkey' : `auth=md5\nsecret=${secret}`}
context=nowhere
${peer}`,
    'extensions.conf': `[nowhere]\n${SWITCHED}${SENT_ON}`,
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
