import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Phone } from '../../firmware-bridge/emulator/phone.ts';
import { waitUntil } from './wait-until.ts';

/** What was received: pages, the speed that both ends agreed on, and rows of dots that were wrong. */
export interface FaxReceived {
  readonly pages: number;
  readonly bitsPerSecond: number;
  readonly badRows: number;
}

/** A fax machine in a socket of the HAT: spandsp, whose samples are the telephone's. Needs gcc. */
export class FaxMachine {
  private said = '';
  private odd = Buffer.alloc(0);
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly deafen: () => void;

  /** Built in `folder`. It waits with the handset down; its page is written to `bitmap` as PBM. */
  constructor(
    private readonly phone: Phone,
    folder: string,
    bitmap: string,
  ) {
    const program = join(folder, 'fax-machine');
    execFileSync('gcc', ['-O2', '-o', program, join(import.meta.dirname, 'fax-machine.c'), '-lspandsp', '-ltiff']);
    this.child = spawn(program, [`${bitmap}.tif`, bitmap]);
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.said += text;
    });
    this.child.stdout.on('data', (bytes: Buffer) => this.speak(bytes));
    this.deafen = phone.listen((samples) => {
      if (phone.hook === 'off') this.child.stdin.write(Buffer.from(samples.slice().buffer));
    });
  }

  answer(): void {
    this.phone.lift();
  }

  /** Ends the call and the machine, and tells what it received. */
  async hangUp(): Promise<FaxReceived> {
    this.deafen();
    this.phone.putDown();
    this.child.stdin.end();
    const figures = await waitUntil('the fax machine to end', 5_000, () =>
      /pages=(\d+) rate=(\d+) bad=(\d+)/.exec(this.said)?.slice(1).map(Number),
    );
    const [pages, bitsPerSecond, badRows] = figures as [number, number, number];
    return { pages, bitsPerSecond, badRows };
  }

  /** Ends it, whatever it does. */
  dispose(): void {
    this.deafen();
    this.child.kill('SIGKILL');
  }

  private speak(bytes: Buffer): void {
    const all = Buffer.concat([this.odd, bytes]);
    const samples = new Int16Array(all.length >> 1);
    for (let i = 0; i < samples.length; i++) samples[i] = all.readInt16LE(2 * i);
    this.odd = all.subarray(2 * samples.length);
    this.phone.speak(samples);
  }
}
