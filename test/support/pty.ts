import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { waitUntil } from './wait-until.ts';

/** A pseudo-terminal whose slave is opened as a serial port, made by socat; this is its other end. */
export class Pty {
  private readonly child: ChildProcess;
  private received: Uint8Array[] = [];
  private count = 0;

  /** `path` is where the device appears. */
  static async open(path: string): Promise<Pty> {
    const pty = new Pty(path);
    await waitUntil('the pseudo-terminal', 10_000, () => existsSync(pty.path));
    return pty;
  }

  private constructor(readonly path: string) {
    this.child = spawn('socat', [`PTY,raw,echo=0,link=${path}`, 'STDIO'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    // What is still being written when the cable is pulled goes nowhere.
    this.child.stdin!.on('error', () => {});
    this.child.stdout!.on('data', (chunk: Buffer) => {
      this.received.push(new Uint8Array(chunk));
      this.count += chunk.length;
    });
  }

  /** Bytes that have come out at this end since the beginning. */
  get receivedCount(): number {
    return this.count;
  }

  /** What came out since the last call. */
  take(): Uint8Array[] {
    return this.received.splice(0);
  }

  write(bytes: Uint8Array): void {
    this.child.stdin!.write(bytes);
  }

  /** Ends socat, and with it the device, as when a cable is pulled. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill();
    if (this.child.exitCode === null && this.child.signalCode === null) await ended;
    rmSync(this.path, { force: true });
  }
}
