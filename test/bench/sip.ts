/**
 * Measures SIP beside Asterisk 22 with PJSIP, and registrations beside Kamailio where the machine has it, in turns within
 * one run, and writes docs/reference/benchmarks-sip.md.
 *
 *     node -C node-pcm-codecs-source --import tsx test/bench/sip.ts [--rounds 3 --calls 2000 --bridged 10,40 --seconds 8 --to FILE]
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { join, resolve } from 'node:path';
import { cpuUsage, version } from 'node:process';
import { parseArgs } from 'node:util';
import { utf8Encode } from '../../src/base/bytes.ts';
import { isMalformed } from '../../src/sip/malformed.ts';
import { parseMessage } from '../../src/sip/parse.ts';
import { encodeMessage } from '../../src/sip/write.ts';
import { installPeers } from '../interop/peers/install.ts';
import { ScriptedPhone, sdpOf } from '../support/scripted-phone.ts';
import { playSipp, type SippStep } from '../support/sipp.ts';
import { pause } from '../support/wait-until.ts';
import { cpuPct, cpuSecondsOfAll, MachineLoad, memory, WARM_UP_MS } from './process-cost.ts';
import { Samples } from './samples.ts';
import { BUFFERING, PHONES, REGISTRARS, SIPP, SUBJECT, SUBJECTS, secretOf } from './sip-subjects.ts';
import type { Subject } from './subject.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    calls: { type: 'string', default: '2000' },
    bridged: { type: 'string', default: '10,40' },
    seconds: { type: 'string', default: '8' },
    to: { type: 'string', default: 'docs/reference/benchmarks-sip.md' },
  },
});
const root = join(import.meta.dirname, '../..');
const rounds = Number(values.rounds);
const calls = Number(values.calls);
const bridged = values.bridged.split(',').map(Number);
const windowMs = Number(values.seconds) * 1_000;
/** Calls and registrations at a time where as many are asked for as get done. */
const AT_ONCE = 20;
/** Phones that register before memory is looked at for the first time, and calls that are set up besides the bridged ones. */
const FIRST_PHONES = 100;
const SILENT_CALLS = 40;

const samples = new Samples();
const loadBefore = loadavg()[0]!.toFixed(1);
const server = `${SUBJECT}:5060`;
const fields = PHONES.map((user) => `${user};[authentication username=${user} password=${secretOf(user)}]`);

const SDP = `v=0
o=- 1 1 IN IP4 [media_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio 40000 RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=sendrecv`;

function message(method: string, cseq: number, more: readonly string[], body = '', inDialog = false): string {
  const to = method === 'REGISTER' ? '[field0]' : '600';
  const isAckOfRefusal = method === 'ACK' && !inDialog;
  const lines = [
    `${method} ${inDialog ? '[next_url]' : method === 'REGISTER' ? `sip:${SUBJECT}` : `sip:600@${SUBJECT}`} SIP/2.0`,
    isAckOfRefusal ? '[last_Via:]' : 'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]',
    `From: <sip:[field0]@${SUBJECT}>;tag=[pid]a[call_number]`,
    isAckOfRefusal || inDialog ? '[last_To:]' : `To: <sip:${to}@${SUBJECT}>`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${method}`,
    'Contact: <sip:[field0]@[local_ip]:[local_port]>',
    'Max-Forwards: 70',
    ...more,
    ...(body === '' ? ['Content-Length: 0'] : ['Content-Type: application/sdp', 'Content-Length: [len]']),
  ];
  return [...lines, '', body].join('\n');
}

const REGISTRATION: readonly SippStep[] = [
  { send: message('REGISTER', 1, ['Expires: 3600']) },
  { receive: 401, auth: true },
  { send: message('REGISTER', 2, ['Expires: 3600', '[field1]']) },
  { receive: 200 },
];

/** A call that proves itself, is answered by the switch, and is ended at once. */
const CALL: readonly SippStep[] = [
  { send: message('INVITE', 1, [], SDP) },
  { receive: 100, optional: true },
  { receive: 401, auth: true },
  { send: message('ACK', 1, []) },
  { send: message('INVITE', 2, ['[field1]'], SDP) },
  { receive: 100, optional: true },
  { receive: 200, routes: true },
  { send: message('ACK', 2, [], '', true) },
  { send: message('BYE', 3, [], '', true) },
  { receive: 200 },
];

/** Plays a scenario as fast as it gets done; gives how many a second, and what each costs the switch. */
async function throughput(subject: Subject, steps: readonly SippStep[], count: number, from = fields) {
  const startS = cpuSecondsOfAll(subject.pid);
  const { code, elapsedMs, report } = await playSipp({
    ...{ server, steps, calls: count, rate: 20_000, atOnce: AT_ONCE, fields: from, local: SIPP },
  });
  if (code !== 0) throw new Error(`${subject.name}: ${report}`);
  return { perSecond: count / (elapsedMs / 1_000), cpuMs: (1_000 * (cpuSecondsOfAll(subject.pid) - startS)) / count };
}

/** Pairs of phones, one calling the other through the switch, each with a steady tone. */
async function bridge(subject: Subject): Promise<void> {
  const open = (user: string) =>
    ScriptedPhone.open({ user, secret: secretOf(user), server: { ip: SUBJECT, port: 5060 } });
  const phones: ScriptedPhone[] = [];
  await pause(3_000);
  const idlePct = await cpuPct(subject.pid, () => pause(windowMs / 2));
  samples.add(subject.name, 'idle', idlePct);
  const connect = async (pair: number) => {
    const [caller, called] = [await open(PHONES[2 * pair]!), await open(PHONES[2 * pair + 1]!)];
    phones.push(caller, called);
    for (const phone of [caller, called]) await phone.register();
    const calling = caller.invite(called.user, sdpOf(caller.rtp));
    const invite = await called.request('INVITE');
    called.followSdp(invite);
    called.answer(invite, '200 OK', 'bench', [], sdpOf(called.rtp));
    const { call, answer } = await calling;
    if (answer.status !== 200) throw new Error(`${subject.name}: a call was answered ${answer.status}`);
    caller.confirm(call);
    return [caller, called];
  };
  const used: number[] = [];
  for (const count of bridged) {
    while (phones.length < 2 * count) for (const phone of await connect(phones.length / 2)) phone.speak(700);
    await pause(WARM_UP_MS);
    const heard = phones.map((phone) => phone.heardMs);
    const load = new MachineLoad();
    const startMs = performance.now();
    const busyPct = await cpuPct(subject.pid, () => pause(windowMs));
    const elapsedMs = performance.now() - startMs;
    used.push(busyPct - idlePct);
    samples.add(subject.name, `bridge ${count}`, (busyPct - idlePct) / count);
    samples.add(subject.name, `machine ${count}`, load.shares().busyPct);
    const through = phones.map((phone, i) => (phone.heardMs - heard[i]!) / elapsedMs);
    samples.add(
      subject.name,
      `through ${count}`,
      (100 * through.reduce((sum, share) => sum + share, 0)) / through.length,
    );
    samples.add(subject.name, `bridged memory ${count}`, memory(subject.pid).residentMb);
  }
  const [fewest, most] = [bridged[0]!, bridged.at(-1)!];
  if (most > fewest) samples.add(subject.name, 'slope', (used.at(-1)! - used[0]!) / (most - fewest));
  // What any call brings, such as the room for what the next ones leave behind, is not what each of them costs.
  const some = memory(subject.pid).residentMb;
  for (let i = 0; i < SILENT_CALLS; i++) await connect(most + i);
  await pause(1_000);
  samples.add(subject.name, 'memory per call', (1_024 * (memory(subject.pid).residentMb - some)) / SILENT_CALLS);
  for (const phone of phones) await phone.close();
}

async function measureSignalling(subject: Subject): Promise<void> {
  await pause(2_000);
  const empty = memory(subject.pid).residentMb;
  // The first of all makes SIPp's address one that is known; then some phones often, and the others once.
  await throughput(subject, REGISTRATION, 1);
  await throughput(subject, REGISTRATION, calls, fields.slice(0, FIRST_PHONES));
  await pause(1_000);
  const some = memory(subject.pid).residentMb;
  const others = PHONES.length - FIRST_PHONES;
  await throughput(subject, REGISTRATION, others, fields.slice(FIRST_PHONES));
  await pause(1_000);
  samples.add(subject.name, 'rss', empty);
  samples.add(subject.name, 'memory per phone', (1_024 * (memory(subject.pid).residentMb - some)) / others);
  const registrations = await throughput(subject, REGISTRATION, calls);
  samples.add(subject.name, 'registrations', registrations.perSecond);
  samples.add(subject.name, 'registration cpu', registrations.cpuMs);
  if (subject.onlyRegisters) return;
  // What is compiled while it runs, and what is allotted first, is not what a call costs.
  await throughput(subject, CALL, calls);
  const set = await throughput(subject, CALL, calls);
  samples.add(subject.name, 'calls', set.perSecond);
  samples.add(subject.name, 'call cpu', set.cpuMs);
}

/** Each in a fresh process: what calls leave behind for a while is not to be taken for what it costs to be idle. */
async function measure(subject: Subject, work: (subject: Subject) => Promise<void>): Promise<void> {
  await subject.start();
  try {
    await work(subject);
  } finally {
    await subject.stop();
  }
}

/** How many typical INVITEs our stack reads, and writes, in a second of the processor. */
function codec(): void {
  const lines = message(
    'INVITE',
    2,
    [
      'User-Agent: Yealink SIP-T46S 66.85.0.5',
      'Supported: replaces',
      'Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK',
    ],
    SDP,
  );
  const text = lines
    .replaceAll('[transport]', 'UDP')
    .replaceAll(/\[(?:local_ip|media_ip)\]/g, '192.0.2.31')
    .replaceAll('[local_port]', '5060')
    .replaceAll('[field0]', '211')
    .replaceAll(/\[(?:branch|call_id|pid|call_number)\]/g, 'z9hG4bK7f3a')
    .replaceAll('[len]', String(SDP.replaceAll('\n', '\r\n').length))
    .replaceAll('\n', '\r\n');
  const bytes = utf8Encode(text);
  const parsed = parseMessage(bytes);
  if (isMalformed(parsed)) throw new Error(`the INVITE is ${parsed.reason}`);
  const perSecond = (work: () => void) => {
    for (let i = 0; i < 20_000; i++) work();
    const start = cpuUsage();
    for (let i = 0; i < 50_000; i++) work();
    const { user, system } = cpuUsage(start);
    return (50_000 * 1_000_000) / (user + system);
  };
  samples.add(
    'Branchline',
    'parse',
    perSecond(() => void parseMessage(bytes)),
  );
  samples.add(
    'Branchline',
    'write',
    perSecond(() => void encodeMessage(parsed)),
  );
}

const KAMAILIO_SAYS = `Kamailio is set up as a registrar and no more: two processes take SIP, and what they know is in memory alone. A page that its processes
share counts once.
`;

function report(names: readonly string[]): string {
  const row = (title: string, key: string, digits: number) =>
    `| ${title} | ${names.map((name) => samples.median(name, key, digits)).join(' | ')} |`;
  const each = (title: (count: number) => string, key: string, digits: number) =>
    bridged.map((count) => row(title(count), `${key} ${count}`, digits)).join('\n');
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  return `# Benchmarks of SIP

Written by \`npm run bench\`; do not edit. Commit ${commit}, Node ${version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}.

Each figure is the median of ${rounds} rounds with the smallest and largest in brackets. A round measures each switch in turn, freshly
started, with ${PHONES.length} phones configured and registered by SIPp over UDP with MD5, qualify off. Every call proves itself anew, is answered by
the switch and ended at once; ${AT_ONCE} registrations or calls are under way at a time, as many as get done, ${calls} of each, after as many that do not
count. CPU is user and system time of all threads and processes of the switch. Bridged: calls between two phones, µ-law, a packet each 20 ms both ways; with a
jitter buffer, Asterisk puts them in order in both directions first. Ours passes each packet on as it comes; who listens puts them in order.
The calls of every switch stand for ${WARM_UP_MS / 1_000} s before they count.
Memory per phone is what the process grew by while ${PHONES.length - FIRST_PHONES} more registered than the ${FIRST_PHONES} before; per call, while ${SILENT_CALLS} more were set up.
${REGISTRARS.length === 0 ? '' : KAMAILIO_SAYS}Processes that wanted a core before it began, and so may have taken part of both: ${loadBefore}.

| | ${names.join(' | ')} |
|---|${names.map(() => '---').join('|')}|
${row('registrations per second', 'registrations', 0)}
${row('CPU per registration, ms', 'registration cpu', 2)}
${row('calls set up and ended per second', 'calls', 0)}
${row('CPU per call set up and ended, ms', 'call cpu', 2)}
${row('CPU idle, %, which is subtracted', 'idle', 2)}
${each((count) => `CPU per bridged call, ${count} calls, % of a core`, 'bridge', 2)}
${row(`CPU of each further call, ${bridged[0]} to ${bridged.at(-1)} calls, %`, 'slope', 2)}
${each((count) => `of their voice arrived, ${count} calls, %`, 'through', 1)}
${row('resident memory, nobody registered, MB', 'rss', 0)}
${row('memory per registered phone, KB', 'memory per phone', 1)}
${each((count) => `resident memory, ${count} calls bridged, MB`, 'bridged memory', 0)}
${row('memory per bridged call, KB', 'memory per call', 0)}
${row('INVITEs read per second of the processor', 'parse', 0)}
${row('INVITEs written per second of the processor', 'write', 0)}
${each((count) => `machine busy, ${count} calls bridged, %`, 'machine', 0)}

How to read it: SIPp and the phones share two cores with the switch that is measured, so the rates are a limit of this rig as much as of the
switch; the CPU per call is the switch's own. Memory is what the process grew by: with ours that is what the collector has not taken back yet.
`;
}

const all = [...SUBJECTS, BUFFERING, ...REGISTRARS];
installPeers(['asterisk22', 'sipp'], (line) => console.error(line));
for (let round = 1; round <= rounds; round++) {
  codec();
  for (const subject of all) {
    console.error(`round ${round} of ${rounds}: ${subject.name}`);
    if (subject !== BUFFERING) await measure(subject, measureSignalling);
    if (!subject.onlyRegisters) await measure(subject, bridge);
  }
}
writeFileSync(resolve(root, values.to), report(all.map(({ name }) => name)));
console.error(`wrote ${values.to}`);
