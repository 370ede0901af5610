import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { arch } from 'node:process';
import { type AsteriskVersion, HOST_PEERS, type NodeVersion, type PeerId } from './catalogue.ts';

/**
 * How an installation ended. `gone`: the mirror does not have this version any longer, which nobody here can mend.
 * `unavailable`: this machine does not let us install it. `failed`: it should have worked and did not.
 */
export type PeerState =
  | { readonly state: 'ready'; readonly version: string }
  | { readonly state: 'gone' | 'unavailable' | 'failed'; readonly reason: string };

/** Where peers are kept between runs. */
export function peerRoot(): string {
  return process.env['BRANCHLINE_PEERS'] ?? join(homedir(), '.cache', 'branchline', 'peers');
}

export function peerFolder(id: PeerId): string {
  return join(peerRoot(), id);
}

export function recordPeerState(id: PeerId, state: PeerState): void {
  mkdirSync(peerRoot(), { recursive: true });
  if (state.state !== 'ready') rmSync(peerFolder(id), { recursive: true, force: true });
  writeFileSync(stateFile(id), `${JSON.stringify(state)}\n`);
}

/** What the installer found last. A program of the machine itself is there when its command is. */
export function peerState(id: PeerId): PeerState {
  const host = HOST_PEERS.find((peer) => peer.id === id);
  const path = host === undefined ? undefined : findCommand(host.command);
  if (path !== undefined) return { state: 'ready', version: path };
  if (!existsSync(stateFile(id))) return { state: 'unavailable', reason: `run test/interop/peers/install.ts ${id}` };
  const recorded = JSON.parse(readFileSync(stateFile(id), 'utf8')) as PeerState;
  if (recorded.state !== 'ready' || existsSync(peerFolder(id))) return recorded;
  return { state: 'unavailable', reason: `${peerFolder(id)} was removed` };
}

function stateFile(id: PeerId): string {
  return join(peerRoot(), `${id}.json`);
}

/** Debian keeps daemons in sbin, which the PATH of an ordinary user leaves out. */
export function findCommand(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** How an unpacked Asterisk is run in place: by its own dynamic loader on its own libraries. */
export interface AsteriskProgram {
  readonly loader: string;
  readonly loaderArguments: readonly string[];
  readonly binary: string;
  readonly modules: string;
  readonly folder: string;
}

/** The program of an unpacked tree. Throws where a piece of it is missing. */
export function asteriskProgram(folder: string): AsteriskProgram {
  const libraries = join(folder, 'usr/lib');
  const triplet = readdirSync(libraries).find((name) => /^\w+-linux-gnu\w*$/.test(name));
  if (triplet === undefined) throw new Error(`${libraries} holds no libraries of any machine`);
  const loader = readdirSync(join(libraries, triplet)).find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
  if (loader === undefined) throw new Error(`${join(libraries, triplet)} has no dynamic loader`);
  const modules = [join(libraries, triplet, 'asterisk/modules'), join(libraries, 'asterisk/modules')].find(existsSync);
  if (modules === undefined) throw new Error(`${libraries} has no Asterisk modules`);
  return {
    loader: join(libraries, triplet, loader),
    loaderArguments: ['--inhibit-cache', '--library-path', `${join(libraries, triplet)}:${libraries}`],
    binary: join(folder, 'usr/sbin/asterisk'),
    modules,
    folder,
  };
}

/** The program of another Node release. */
export function nodeProgram(version: NodeVersion): string {
  return join(peerFolder(`node${version}`), `node_modules/node-linux-${arch}/bin/node`);
}

export function asteriskFolder(version: AsteriskVersion): string {
  return peerFolder(`asterisk${version}`);
}
