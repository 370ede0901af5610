/**
 * Installs the peers of the interop tests, all or those named, and says of each how it went. What is there already is
 * left as it is. Exit 1 when an installation failed; a version that the mirror dropped is no failure.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { argv, getuid } from 'node:process';
import {
  ASTERISK_MODULES,
  CHECKERS,
  HOST_PEERS,
  type HostPeerId,
  NODE_PEERS,
  type PeerId,
  SUITE_PEERS,
  type SuitePeer,
} from './catalogue.ts';
import { DebianSuite, lastLines, run, SuiteProblem } from './debian-suite.ts';
import {
  asteriskProgram,
  findCommand,
  nodeProgram,
  type PeerState,
  peerFolder,
  peerRoot,
  peerState,
  recordPeerState,
} from './peer-store.ts';

/** Installs what is missing of `wanted`; the state of every one of them. */
export function installPeers(
  wanted: readonly PeerId[],
  progress: (line: string) => void,
): ReadonlyMap<PeerId, PeerState> {
  const states = new Map<PeerId, PeerState>();
  const missing: HostPeerId[] = [];
  for (const id of wanted) {
    const suitePeer = SUITE_PEERS.find((peer) => peer.id === id);
    const nodePeer = NODE_PEERS.find((peer) => peer.id === id);
    const checker = CHECKERS.find((peer) => peer.id === id);
    const known = peerState(id);
    if (known.state === 'ready') states.set(id, known);
    else if (suitePeer !== undefined) states.set(id, installFromSuite(suitePeer, progress));
    else if (nodePeer !== undefined) states.set(id, installNode(nodePeer, progress));
    else if (checker !== undefined) states.set(id, installChecker(checker, progress));
    else missing.push(id as HostPeerId);
  }
  if (missing.length > 0) installFromHost(missing, progress);
  for (const id of missing) states.set(id, peerState(id));
  return states;
}

function installFromSuite(peer: SuitePeer, progress: (line: string) => void): PeerState {
  progress(`installing Asterisk ${peer.version} from Debian ${peer.suite} …`);
  const state = tryInstallFromSuite(peer);
  recordPeerState(peer.id, state);
  return state;
}

function tryInstallFromSuite(peer: SuitePeer): PeerState {
  const name = peer.packages[0]!;
  const staging = `${peerFolder(peer.id)}.${process.pid}`;
  const suite = new DebianSuite(peer.suite);
  try {
    suite.update();
    const version = suite.candidate(name);
    if (version === undefined) return { state: 'gone', reason: `Debian ${peer.suite} no longer has ${name}` };
    if (!version.replace(/^\d+:/, '').startsWith(`${peer.version}.`))
      return { state: 'gone', reason: `Debian ${peer.suite} has ${name} ${version} in place of ${peer.version}` };
    mkdirSync(staging, { recursive: true });
    suite.unpack(peer.packages, staging);
    const complaint = libraryComplaint(staging);
    if (complaint !== undefined) return { state: 'failed', reason: complaint };
    rmSync(peerFolder(peer.id), { recursive: true, force: true });
    renameSync(staging, peerFolder(peer.id));
    return { state: 'ready', version };
  } catch (problem) {
    if (problem instanceof SuiteProblem) return { state: problem.kind, reason: problem.message };
    return { state: 'failed', reason: problem instanceof Error ? problem.message : String(problem) };
  } finally {
    suite.dispose();
    rmSync(staging, { recursive: true, force: true });
  }
}

/**
 * Does the unpacked program run on its own libraries alone? The loader quietly takes one of the machine's own where
 * ours is missing, which breaks only later and oddly.
 */
function libraryComplaint(folder: string): string | undefined {
  const program = asteriskProgram(folder);
  const modules = ASTERISK_MODULES.map((name) => join(program.modules, `${name}.so`)).filter(existsSync);
  for (const file of [program.binary, ...modules]) {
    const { status, output } = run(program.loader, [...program.loaderArguments, '--list', file]);
    const foreign = [...output.matchAll(/=> (\/\S+)/g)]
      .map(([, path]) => path!)
      .find((path) => !path.startsWith(folder));
    if (status !== 0 || output.includes('not found') || foreign !== undefined)
      return `${file} lacks a library: ${foreign ?? lastLines(output)}`;
  }
  const { status, output } = run(program.loader, [...program.loaderArguments, program.binary, '-V']);
  return status === 0 ? undefined : `asterisk -V: ${lastLines(output)}`;
}

function installNode(peer: (typeof NODE_PEERS)[number], progress: (line: string) => void): PeerState {
  progress(`installing Node ${peer.version} from npm …`);
  return installFromNpm(peer, () => run(nodeProgram(peer.version), ['--version']));
}

function installChecker(peer: (typeof CHECKERS)[number], progress: (line: string) => void): PeerState {
  progress(`installing ${peer.package} from npm …`);
  const manifest = join(peerFolder(peer.id), 'node_modules', peer.name, 'package.json');
  return installFromNpm(peer, () => {
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    return { status: 0, output: version };
  });
}

function installFromNpm(peer: { id: PeerId; package: string }, look: () => ReturnType<typeof run>): PeerState {
  const folder = peerFolder(peer.id);
  mkdirSync(folder, { recursive: true });
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const install = run('npm', ['install', ...quiet, '--prefix', folder, peer.package]);
  const { status, output } = install.status === 0 ? look() : install;
  const state: PeerState =
    status === 0
      ? { state: 'ready', version: output.trim() }
      : { state: /E404|ETARGET/.test(output) ? 'gone' : 'failed', reason: `npm install: ${lastLines(output)}` };
  recordPeerState(peer.id, state);
  return state;
}

function installFromHost(ids: readonly HostPeerId[], progress: (line: string) => void): void {
  const packages = ids.map((id) => HOST_PEERS.find((peer) => peer.id === id)!.package);
  if (findCommand('apt-get') === undefined || getuid?.() !== 0) {
    const reason = `needs root: apt-get install ${packages.join(' ')}`;
    for (const id of ids) recordPeerState(id, { state: 'unavailable', reason });
    return;
  }
  progress(`installing ${packages.join(', ')} …`);
  const retries = ['-q', '-o', 'Acquire::Retries=3', '-o', 'DPkg::Lock::Timeout=120'];
  run('apt-get', [...retries, 'update']);
  for (const id of ids) {
    const name = HOST_PEERS.find((peer) => peer.id === id)!.package;
    const { output } = run('apt-get', [...retries, '-y', '--no-install-recommends', 'install', name]);
    const gone = /Unable to locate package|has no installation candidate/.test(output);
    recordPeerState(id, { state: gone ? 'gone' : 'failed', reason: `apt-get install ${name}: ${lastLines(output)}` });
  }
}

export function allPeers(): PeerId[] {
  return [...SUITE_PEERS, ...NODE_PEERS, ...CHECKERS, ...HOST_PEERS].map(({ id }) => id);
}

if (argv[1] === import.meta.filename) {
  const known = allPeers();
  const named = argv.slice(2);
  const strange = named.filter((id) => !known.includes(id as PeerId));
  if (strange.length > 0) {
    console.error(`unknown peer ${strange.join(', ')}; there are ${known.join(', ')}`);
    process.exit(2);
  }
  mkdirSync(peerRoot(), { recursive: true });
  const wanted = named.length > 0 ? (named as PeerId[]) : known;
  const states = installPeers(wanted, (line) => console.error(line));
  for (const [id, state] of states)
    console.log(state.state === 'ready' ? `${id}: ${state.version}` : `${id}: ${state.state}: ${state.reason}`);
  process.exitCode = [...states.values()].some(({ state }) => state === 'failed') ? 1 : 0;
}
