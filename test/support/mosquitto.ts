import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from './program.ts';

/** A mosquitto of the test's own on a loopback address; what it retains does not outlive it. */
export class Mosquitto {
  readonly url: string;
  private readonly directory = mkdtempSync(join(tmpdir(), 'branchline-mosquitto-'));
  private program: Program | undefined;

  /** `settings` are of the listener, `first` are those that must stand before all others. */
  constructor(ip: string, port: number, settings = 'allow_anonymous true\n', first = '') {
    this.url = `mqtt://${ip}:${port}`;
    writeFileSync(join(this.directory, 'mosquitto.conf'), `${first}user root\nlistener ${port} ${ip}\n${settings}`);
  }

  async start(): Promise<void> {
    const program = new Program('mosquitto', 'mosquitto', ['-v', '-c', join(this.directory, 'mosquitto.conf')]);
    this.program = program;
    await program.waitFor('it to listen', 10_000, () => program.stderr.includes('running'));
  }

  get pid(): number {
    return this.program?.pid ?? 0;
  }

  /** What it logged since its last start. */
  get log(): string {
    return this.program?.stderr ?? '';
  }

  /** Ends it without a word to its clients. */
  async kill(): Promise<void> {
    this.program?.signal('SIGKILL');
    await this.program?.stop();
  }

  async dispose(): Promise<void> {
    await this.program?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
