import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { findCommand } from '../interop/peers/peer-store.ts';
import { Program } from './program.ts';
import { waitUntil } from './wait-until.ts';

/** Where iaxmodem looks for its configuration, whatever name it is given. */
const CONFIGURATION_FOLDER = '/etc/iaxmodem';

export interface FaxModemOptions {
  /** The UDP port that it binds on every address. */
  readonly port: number;
  readonly server: string;
  readonly name: string;
  readonly secret: string;
  readonly number: string;
}

/** iaxmodem: a fax modem with AT commands on one side and libiax2, a stack that is not Asterisk's, on the other. */
export class FaxModem {
  private readonly folder = mkdtempSync(join(tmpdir(), 'branchline-modem-'));
  /** The modem's line, for whoever sends it AT commands. */
  readonly device = join(this.folder, 'tty');
  private readonly program: Program;
  private file: number | undefined;
  private heard = '';

  private constructor({ port, server, name, secret, number }: FaxModemOptions) {
    const configuration = join(this.folder, 'modem');
    const values = {
      ...{ device: this.device, owner: 'root:root', mode: '660', port, refresh: 60, server },
      ...{ peername: name, secret, cidname: name, cidnumber: number, codec: 'ulaw' },
    };
    const lines = Object.entries(values).map(([key, value]) => `${key}\t${value}\n`);
    writeFileSync(configuration, `${lines.join('')}nodaemon\n`);
    this.program = new Program('iaxmodem', findCommand('iaxmodem') ?? 'iaxmodem', [
      relative(CONFIGURATION_FOLDER, configuration),
    ]);
  }

  static async start(options: FaxModemOptions): Promise<FaxModem> {
    const modem = new FaxModem(options);
    await modem.program.waitFor('its line', 10_000, () => existsSync(modem.device));
    execFileSync('stty', ['-F', modem.device, 'raw', '-echo']);
    modem.file = openSync(modem.device, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    return modem;
  }

  /** What it printed about itself: registration and calls. */
  get log(): string {
    return `${this.program.stdout}${this.program.stderr}`;
  }

  command(text: string): void {
    writeSync(this.file!, `${text}\r`);
  }

  /** Waits until the modem has said `pattern` since the last wait. */
  async waitFor(pattern: RegExp, timeoutMs: number): Promise<void> {
    await waitUntil(
      `the modem to say ${pattern}`,
      timeoutMs,
      () => {
        this.listen();
        return pattern.test(this.heard);
      },
      () => `${this.heard}\n${this.log}`,
    );
    this.heard = '';
  }

  async dispose(): Promise<void> {
    if (this.file !== undefined) closeSync(this.file);
    await this.program.stop(1_000);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private listen(): void {
    const buffer = Buffer.alloc(4_096);
    try {
      for (;;) {
        const length = readSync(this.file!, buffer);
        if (length === 0) return;
        this.heard += buffer.toString('latin1', 0, length);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
