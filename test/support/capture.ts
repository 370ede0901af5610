import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fromHex } from '../../src/base/bytes.ts';
import { findCommand } from '../interop/peers/peer-store.ts';
import { Program } from './program.ts';
import { pause, waitUntil } from './wait-until.ts';

const execute = promisify(execFile);

/** A sealed block of voice, its headers, and what the file has around it. */
const BYTES_PER_FRAME = 194 + 42 + 34;

/** What Wireshark's own dissector says of IAX2 traffic on the loopback interface. */
export class Capture {
  private readonly folder = mkdtempSync(join(tmpdir(), 'branchline-capture-'));
  private readonly file = join(this.folder, 'capture.pcapng');
  private readonly program: Program;

  private constructor(filter: string) {
    this.program = new Program('dumpcap', findCommand('dumpcap') ?? 'dumpcap', [
      ...['-q', '-i', 'lo', '-f', filter, '-w', this.file],
    ]);
  }

  /** Captures from now on what passes `filter`, in the language of tcpdump. */
  static async start(filter: string): Promise<Capture> {
    const capture = new Capture(filter);
    await capture.program.waitFor('to capture', 10_000, () => capture.program.stderr.includes('File: '));
    return capture;
  }

  /** Waits until about so many frames of voice, sealed or not, are in the file. */
  async waitForFrames(count: number): Promise<void> {
    await waitUntil(`${count} frames on the wire`, 20_000, () => statSync(this.file).size > count * BYTES_PER_FRAME);
  }

  async stop(): Promise<void> {
    await pause(200); // what the kernel still holds back
    await this.program.stop();
  }

  /** Frames that the dissector finds an error in or cannot read, by number and complaint, of those passing `filter`. */
  async expertErrors(filter: string): Promise<string[]> {
    const rows = await this.fields(`(${filter}) && (_ws.expert.severity >= 8388608 || _ws.malformed)`, [
      'frame.number',
      'iax2.iax.subclass',
      '_ws.expert.message',
    ]);
    return rows.map((row) => row.join(' '));
  }

  /** How many frames pass `filter`, in the language of Wireshark. */
  async count(filter: string): Promise<number> {
    return (await this.fields(filter, ['frame.number'])).length;
  }

  /** Rows of fields by Wireshark's names; a field that a frame does not have is empty. */
  async fields(filter: string, names: readonly string[]): Promise<string[][]> {
    const { stdout } = await execute(
      'tshark',
      ['-r', this.file, '-Y', filter, '-T', 'fields', ...names.flatMap((name) => ['-e', name])],
      { maxBuffer: 256 << 20, env: { ...process.env, LC_ALL: 'C' } },
    );
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }

  /** The UDP payloads of the frames that pass `filter`, in order. */
  async payloads(filter: string): Promise<Uint8Array[]> {
    return (await this.fields(filter, ['udp.payload'])).map(([hex]) => fromHex(hex!)!);
  }

  async dispose(): Promise<void> {
    await this.program.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
