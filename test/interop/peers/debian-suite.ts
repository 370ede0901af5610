import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Why packages could not be had: `gone` = the mirror answers, and does not have them. */
export class SuiteProblem extends Error {
  constructor(
    readonly kind: 'gone' | 'failed',
    message: string,
  ) {
    super(message);
  }
}

/**
 * Packages of any Debian suite, from the mirror that this machine's own apt uses, without root and without touching
 * the machine: apt runs on a state folder of its own in which nothing is installed.
 */
export class DebianSuite {
  private readonly work = mkdtempSync(join(tmpdir(), 'branchline-apt-'));
  private readonly options: readonly string[];

  constructor(private readonly suite: string) {
    for (const folder of ['state/lists/partial', 'cache/archives/partial', 'etc'])
      mkdirSync(join(this.work, folder), { recursive: true });
    writeFileSync(join(this.work, 'status'), '');
    writeFileSync(join(this.work, 'etc/sources.list'), `deb [signed-by=${KEYRING}] ${debianMirror()} ${suite} main\n`);
    const settings = {
      'Dir::State': join(this.work, 'state'),
      'Dir::State::status': join(this.work, 'status'),
      'Dir::Cache': join(this.work, 'cache'),
      'Dir::Etc::sourcelist': join(this.work, 'etc/sources.list'),
      'Dir::Etc::sourceparts': '/dev/null',
      'Dir::Etc::preferences': '/dev/null',
      'Dir::Etc::preferencesparts': '/dev/null',
      'APT::Install-Recommends': 'false',
      'APT::Sandbox::User': userInfo().username,
      'APT::Update::Error-Mode': 'any',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '3',
      'Debug::NoLocking': 'true',
    };
    this.options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  }

  /** Reads the suite's index. */
  update(): void {
    const { status, output } = run('apt-get', [...this.options, '-q', 'update']);
    if (status === 0) return;
    const gone = /\b404\b|does not have a Release file|no longer has a Release file/.test(output);
    throw gone
      ? new SuiteProblem('gone', `the mirror no longer has Debian's suite ${this.suite}`)
      : new SuiteProblem('failed', `apt-get update of ${this.suite}: ${lastLines(output)}`);
  }

  /** The version that the suite offers, undefined where it has no such package. */
  candidate(name: string): string | undefined {
    const { output } = run('apt-cache', [...this.options, 'policy', name]);
    const version = /Candidate: (\S+)/.exec(output)?.[1];
    return version === '(none)' ? undefined : version;
  }

  /** Unpacks `packages` and all they depend on below `folder`; runs none of their scripts. */
  unpack(packages: readonly string[], folder: string): void {
    const download = run('apt-get', [...this.options, '-q', '-y', '--download-only', 'install', ...packages]);
    // A suite in motion has days on which a package cannot be installed; that is the mirror's state, not our failure.
    if (/unmet dependencies|is not installable/.test(download.output))
      throw new SuiteProblem(
        'gone',
        `${packages[0]} of ${this.suite} cannot be installed: ${lastLines(download.output)}`,
      );
    if (download.status !== 0)
      throw new SuiteProblem('failed', `downloading ${packages.join(', ')}: ${lastLines(download.output)}`);
    // The older suite still ships /lib beside /usr/lib: one place for every library.
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
      mkdirSync(join(folder, 'usr', name), { recursive: true });
      symlinkSync(join('usr', name), join(folder, name));
    }
    const archives = join(this.work, 'cache/archives');
    for (const archive of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
      const { status, output } = run('bash', [
        '-o',
        'pipefail',
        '-c',
        UNPACK,
        'unpack',
        join(archives, archive),
        folder,
      ]);
      if (status !== 0) throw new SuiteProblem('failed', `unpacking ${archive}: ${lastLines(output)}`);
    }
    // Debian keeps /etc/asterisk from other users; here whoever installed it runs it.
    run('chmod', ['-R', 'u+rwX', folder]);
  }

  dispose(): void {
    rmSync(this.work, { recursive: true, force: true });
  }
}

const UNPACK =
  'dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --no-same-owner --keep-directory-symlink ' +
  ["'./usr/share/doc/*'", "'./usr/share/man/*'", "'./usr/share/locale/*'", "'./usr/share/info/*'"]
    .map((pattern) => `--exclude=${pattern}`)
    .join(' ');

/** The first Debian archive in this machine's apt sources, of either format. */
function debianMirror(): string {
  const folder = '/etc/apt/sources.list.d';
  const parts = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  for (const file of [join(folder, 'debian.sources'), '/etc/apt/sources.list', ...parts]) {
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    const address = /^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(\S+\/debian)\/?(?:\s|$)/m.exec(text)?.[1];
    if (address !== undefined) return address;
  }
  throw new SuiteProblem('failed', "this machine's apt sources name no Debian mirror");
}

export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, [...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive', ...env },
  });
  return { status: error === undefined ? status : -1, output: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}` };
}

export function lastLines(output: string): string {
  return output.trim().split('\n').slice(-3).join(' ');
}
