import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ASTERISK_MODULES, type AsteriskVersion } from '../interop/peers/catalogue.ts';
import { type AsteriskProgram, asteriskFolder, asteriskProgram } from '../interop/peers/peer-store.ts';
import { parseWav, SAMPLE_RATE_HZ } from './audio.ts';
import { Program } from './program.ts';
import { waitUntil } from './wait-until.ts';

export interface AsteriskOptions {
  readonly version: AsteriskVersion;
  /** The loopback address it binds; `@BIND@` in every file stands for it. */
  readonly bind: string;
  /** Configuration files by name (`iax.conf`), keys and sounds by path (`keys/hq.pub`). */
  readonly files: Readonly<Record<string, string>>;
  /** Modules besides the ones that every test has. */
  readonly modules?: readonly string[];
  readonly timezone?: string;
}

/** A real Asterisk with a folder of its own, on one loopback address. Several run beside each other. */
export class Asterisk {
  readonly folder: string;
  private readonly installed: AsteriskProgram;
  private program: Program | undefined;

  constructor(private readonly options: AsteriskOptions) {
    this.installed = asteriskProgram(asteriskFolder(options.version));
    this.folder = mkdtempSync(join(tmpdir(), `branchline-asterisk${options.version}-`));
    this.layOut();
  }

  get pid(): number {
    return this.running.pid;
  }

  /** Starts it, again too after `stop`, and waits until every module is up. Gives the time that took. */
  async start(): Promise<number> {
    if (this.program !== undefined) throw new Error('this Asterisk runs already');
    const program = new Program(
      `Asterisk ${this.options.version}`,
      this.installed.loader,
      [...this.command(), '-f', '-vvvv', '-C', this.configuration],
      // Debian's openssl.cnf of another release asks for providers that this OpenSSL does not have.
      { env: { OPENSSL_CONF: '/dev/null', LC_ALL: 'C', TZ: this.options.timezone ?? 'UTC' } },
    );
    this.program = program;
    await program.waitFor('to be booted', 30_000, async () =>
      existsSync(join(this.folder, 'run/asterisk.ctl'))
        ? (await this.cli('core waitfullybooted').catch(() => '')).includes('fully booted')
        : false,
    );
    return performance.now() - program.startedMs;
  }

  /** Gives the console's answer to one command. */
  cli(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      execFile(
        this.installed.loader,
        [...this.command(), '-C', this.configuration, '-rx', command],
        { env: { ...process.env, OPENSSL_CONF: '/dev/null', LC_ALL: 'C' }, timeout: 10_000 },
        (error, stdout, stderr) =>
          error === null ? resolve(stdout) : reject(new Error(`${command}: ${stdout}${stderr}`)),
      );
    });
  }

  /** Calls `channel` (`IAX2/branch/201`) and joins it to an application or `extension@context`. */
  async originate(channel: string, to: { application: string; data?: string } | { extension: string }): Promise<void> {
    const target = 'extension' in to ? `extension ${to.extension}` : `application ${to.application} ${to.data ?? ''}`;
    await this.cli(`channel originate ${channel} ${target}`.trimEnd());
  }

  /** Everything logged since its first start. */
  log(): string {
    const file = join(this.folder, 'log/full');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Waits until `pattern` is in what was logged after the first `from` characters. */
  async waitForLog(pattern: RegExp, timeoutMs: number, from = 0): Promise<RegExpExecArray> {
    return waitUntil(
      `Asterisk ${this.options.version} to log ${pattern}`,
      timeoutMs,
      () => pattern.exec(this.log().slice(from)),
      () => this.log().slice(from).slice(-3_000),
    );
  }

  /** Waits until the answer to a console command has `pattern`. */
  async waitForCli(command: string, pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    let answer = '';
    return waitUntil(
      `Asterisk ${this.options.version} to show ${pattern} on "${command}"`,
      timeoutMs,
      async () => {
        answer = await this.cli(command);
        return pattern.exec(answer);
      },
      () => answer,
    );
  }

  /** Channels that are up now. */
  async channelCount(): Promise<number> {
    return Number(/(\d+) active channels?/.exec(await this.cli('core show channels count'))?.[1] ?? Number.NaN);
  }

  /** A file that Asterisk wrote below its own folder, such as a recording. */
  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Waits until `<path>.wav` has a second and a half of what was heard, which it has once its recording is over. */
  waitForRecording(path: string): Promise<Int16Array> {
    return waitUntil('the recording', 15_000, () => {
      const file = `${path}.wav`;
      const samples = existsSync(file) ? parseWav(readFileSync(file)).samples : new Int16Array();
      return samples.length > 1.5 * SAMPLE_RATE_HZ ? samples : undefined;
    });
  }

  signal(name: NodeJS.Signals): void {
    this.running.signal(name);
  }

  /** Ends it at once; what it kept (registrations, recordings) stays for the next `start`. */
  async stop(): Promise<void> {
    await this.program?.stop(2_000);
    this.program = undefined;
    rmSync(join(this.folder, 'run'), { recursive: true, force: true });
    mkdirSync(join(this.folder, 'run'));
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get running(): Program {
    if (this.program === undefined) throw new Error('this Asterisk does not run');
    return this.program;
  }

  private get configuration(): string {
    return join(this.folder, 'etc/asterisk.conf');
  }

  private command(): string[] {
    return [...this.installed.loaderArguments, this.installed.binary];
  }

  private layOut(): void {
    for (const name of ['etc', 'run', 'log', 'spool/outgoing', 'spool/tmp', 'lib/keys', 'lib/moh', 'data/sounds'])
      mkdirSync(join(this.folder, name), { recursive: true });
    const shared = join(this.installed.folder, 'usr/share/asterisk');
    for (const name of readdirSync(shared).filter((entry) => entry !== 'sounds' && entry !== 'keys'))
      cpSync(join(shared, name), join(this.folder, 'data', name), { recursive: true, dereference: false });
    symlinkSync(join(shared, 'sounds', 'en_US_f_Allison'), join(this.folder, 'data/sounds/en'));
    const modules = [...ASTERISK_MODULES, ...(this.options.modules ?? [])]
      .filter((name) => existsSync(join(this.installed.modules, `${name}.so`)))
      .map((name) => `load=${name}.so`);
    const files: Record<string, string> = {
      'asterisk.conf': [
        '[directories]',
        ...Object.entries(this.directories()).map(([key, value]) => `${key} => ${value}`),
        '[options]',
        'nocolor = yes',
        'live_dangerously = yes',
      ].join('\n'),
      'modules.conf': ['[modules]', 'autoload=no', ...modules].join('\n'),
      'logger.conf':
        '[general]\ndateformat=%F %T.%3q\n[logfiles]\nfull => notice,warning,error,verbose(4),dtmf,security',
      'extensions.conf': '[general]',
      'musiconhold.conf': `[default]\nmode=files\ndirectory=${join(this.folder, 'lib/moh')}`,
      'confbridge.conf': '[default_bridge]\ntype=bridge\n[default_user]\ntype=user',
      ...this.options.files,
    };
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.folder, name.startsWith('keys/') ? 'lib' : 'etc', name);
      mkdirSync(dirname(path), { recursive: true });
      // A private key that others may read is not loaded.
      writeFileSync(path, `${text.replaceAll('@BIND@', this.options.bind)}\n`, { mode: 0o600 });
    }
  }

  private directories(): Record<string, string> {
    const at = (name: string) => join(this.folder, name);
    return {
      astetcdir: at('etc'),
      astmoddir: this.installed.modules,
      astvarlibdir: at('lib'),
      astdbdir: at('lib'),
      astkeydir: at('lib'),
      astdatadir: at('data'),
      astagidir: at('data/agi-bin'),
      astspooldir: at('spool'),
      astrundir: at('run'),
      astlogdir: at('log'),
      astsbindir: join(this.installed.folder, 'usr/sbin'),
    };
  }
}

/** A started Asterisk; `await using` or `dispose()` ends it. */
export async function startAsterisk(options: AsteriskOptions): Promise<Asterisk> {
  const asterisk = new Asterisk(options);
  try {
    await asterisk.start();
  } catch (error) {
    await asterisk.dispose();
    throw error;
  }
  return asterisk;
}
