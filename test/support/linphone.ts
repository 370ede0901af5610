import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeUdpPort } from '../../src/io/free-port.ts';
import { findCommand } from '../interop/peers/peer-store.ts';
import { formatWav, parseWav } from './audio.ts';
import { sine } from './signal.ts';
import { waitUntil } from './wait-until.ts';

export interface LinphoneOptions {
  readonly user: string;
  readonly secret: string;
  /** Of the registrar, `address:port`. */
  readonly server: string;
  /** What it says while it talks. */
  readonly hz: number;
}

/** Linphone's console client without a face: sound from a file and into a file, commands by its standard input. */
export class Linphone {
  private readonly folder = mkdtempSync(join(tmpdir(), 'branchline-linphone-'));
  private readonly child: ChildProcessWithoutNullStreams;
  private output = '';
  private readonly heardFile = join(this.folder, 'heard.wav');

  private constructor(options: LinphoneOptions, port: number) {
    writeFileSync(join(this.folder, 'say.wav'), formatWav(Int16Array.from(sine(options.hz, -10, 30_000))));
    mkdirSync(join(this.folder, '.local/share/linphone'), { recursive: true });
    const sip = ['[sip]', `sip_port=${port}`, 'sip_tcp_port=0', 'sip_tls_port=0', 'media_encryption=none'];
    const media = ['[sound]', 'echocancellation=0', '[video]', 'capture=0', 'display=0'];
    const quiet = ['automatically_initiate=0', 'automatically_accept=0'];
    writeFileSync(join(this.folder, 'rc'), `${[...sip, ...media, ...quiet].join('\n')}\n`);
    this.child = spawn(findCommand('linphonec') ?? 'linphonec', ['-c', join(this.folder, 'rc')], {
      env: { ...process.env, HOME: this.folder, TERM: 'dumb' },
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    process.once('exit', () => this.child.kill('SIGKILL'));
  }

  /** Starts it and has it register. */
  static async start(options: LinphoneOptions): Promise<Linphone> {
    const phone = new Linphone(options, await freeUdpPort(0));
    await phone.says(/Ready|linphonec>/);
    phone.tell('soundcard use files');
    phone.tell(`play ${join(phone.folder, 'say.wav')}`);
    phone.tell(`record ${phone.heardFile}`);
    const { user, secret, server } = options;
    const [ip] = server.split(':');
    phone.tell(`register sip:${user}@${ip} sip:${server} ${secret}`);
    return phone;
  }

  tell(command: string): void {
    this.child.stdin.write(`${command}\n`);
  }

  says(pattern: RegExp): Promise<boolean> {
    return waitUntil(
      `linphone to say ${pattern}`,
      10_000,
      () => pattern.test(this.output),
      () => this.output.slice(-2_000),
    );
  }

  /** All that it has heard so far, once it has put the file down. */
  heard(): Int16Array {
    const { samples } = parseWav(new Uint8Array(readFileSync(this.heardFile)));
    return samples;
  }

  async stop(): Promise<void> {
    this.tell('quit');
    const killer = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    await new Promise<void>((resolve) => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) resolve();
      else this.child.once('close', () => resolve());
    });
    clearTimeout(killer);
  }

  dispose(): void {
    this.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
