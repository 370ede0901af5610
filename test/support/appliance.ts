import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, execPath } from 'node:process';
import type { LineStatus, RegistrationStatus, StatusSnapshot, TrunkStatus } from '../../src/status/schema.ts';
import { formatWav, parseWav } from './audio.ts';
import { Program } from './program.ts';
import { waitUntil } from './wait-until.ts';

export interface ApplianceOptions {
  /** The configuration, YAML. */
  readonly config: string;
  /** Where its HTTP API listens, as the configuration says; else it is driven through its socket. */
  readonly web?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The command to run in place of this checkout's bundle on this Node. */
  readonly command?: readonly [string, ...string[]];
}

export interface EmulatedLine {
  readonly hook: 'on' | 'off';
  readonly ringing: boolean;
  readonly cadence: readonly number[] | null;
  readonly callerId: unknown;
  readonly heard: {
    readonly tones: readonly { readonly hz: number; readonly dbm0: number }[];
    readonly levelDbm0: number;
  };
  /** Of a town line: its exchange. */
  readonly town?: { readonly exchange: string; readonly dialled: string };
}

/** The command under test: this checkout's build, or any other copy. */
export const bundle = env['BRANCHLINE_BUNDLE'] ?? join(import.meta.dirname, '../../dist/branchline.js');

/** The appliance as its user runs it, driven over its HTTP API. */
export class Appliance {
  readonly folder = mkdtempSync(join(tmpdir(), 'branchline-appliance-'));
  private program: Program | undefined;

  constructor(private readonly options: ApplianceOptions) {
    this.configure(options.config);
  }

  /** Writes another configuration; it takes effect with the next start. */
  configure(config: string): void {
    writeFileSync(this.configFile, config);
  }

  /** Starts it, again too after `stop`, and waits for `ready`. Gives the time that took. */
  async start(timeoutMs = 15_000): Promise<number> {
    const program = this.spawn();
    await program.waitFor('to be ready', timeoutMs, () => /^ready$/m.test(program.stdout));
    return performance.now() - program.startedMs;
  }

  /** Starts it without waiting; for what must fail. */
  spawn(): Program {
    const [command, ...args] = this.options.command ?? [execPath, bundle];
    this.program = new Program(
      'branchline',
      command,
      [...args, 'run', '--config', this.configFile, '--data', join(this.folder, 'data')],
      this.options.env === undefined ? {} : { env: this.options.env },
    );
    return this.program;
  }

  get pid(): number {
    return this.program!.pid;
  }

  /** What it logged since its last start, one JSON object per line. */
  get log(): string {
    return this.program?.stderr ?? '';
  }

  signal(name: NodeJS.Signals): void {
    this.program!.signal(name);
  }

  /** The exit code, once it ended by itself; null when a signal ended it. */
  exit(timeoutMs: number): Promise<number | null> {
    return this.program!.exit(timeoutMs);
  }

  /** Ends it at once: SIGTERM alone would wait for calls that stand. */
  stop(): Promise<number | null> {
    this.program?.signal('SIGINT');
    return this.program?.stop(8_000) ?? Promise.resolve(null);
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  request(method: string, path: string, body?: unknown): Promise<Response> {
    const [host, port] = this.options.web?.split(':') ?? [];
    const place = host === undefined ? { socketPath: join(this.folder, 'data/control.sock') } : { host, port };
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const request = httpRequest({ ...place, method, path, headers, agent: false }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const status = response.statusCode ?? 0;
        resolve(new Response(status === 204 ? null : Buffer.concat(chunks), { status }));
      });
      request.on('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async get<T>(path: string): Promise<T> {
    return (await this.succeeding('GET', path)).json() as Promise<T>;
  }

  status(): Promise<StatusSnapshot> {
    return this.get('/api/status');
  }

  async trunk(name: string): Promise<TrunkStatus> {
    return (await this.status()).trunks[name]!;
  }

  line(port: number): Promise<EmulatedLine> {
    return this.get(`/api/emulator/lines/${port}`);
  }

  lift(port: number): Promise<Response> {
    return this.drive(port, { hook: 'off' });
  }

  hangUp(port: number): Promise<Response> {
    return this.drive(port, { hook: 'on' });
  }

  dial(port: number, digits: string, as: 'dtmf' | 'pulse' = 'dtmf'): Promise<Response> {
    return this.drive(port, { dial: digits, as });
  }

  say(port: number, samples: Int16Array): Promise<Response> {
    return this.drive(port, { say: Buffer.from(formatWav(samples)).toString('base64') });
  }

  /** One command of the emulated handset; anything but success throws. */
  drive(port: number, body: object): Promise<Response> {
    return this.succeeding('POST', `/api/emulator/lines/${port}`, body);
  }

  /** The last seconds that the handset heard. */
  async heard(port: number, seconds: number): Promise<Int16Array> {
    const response = await this.succeeding('GET', `/api/emulator/lines/${port}/heard.wav?seconds=${seconds}`);
    return parseWav(new Uint8Array(await response.arrayBuffer())).samples;
  }

  /** Waits until the status is as `condition` wants it, and gives that status. */
  waitForStatus(
    what: string,
    timeoutMs: number,
    condition: (status: StatusSnapshot) => boolean,
  ): Promise<StatusSnapshot> {
    let last: StatusSnapshot | undefined;
    return waitUntil(
      what,
      timeoutMs,
      async () => {
        last = await this.status();
        return condition(last) ? last : undefined;
      },
      () => `${JSON.stringify(last, null, 1)}\n${this.log.slice(-3_000)}`,
    );
  }

  waitForRegistration(trunk: string, state: RegistrationStatus['state'], timeoutMs: number): Promise<StatusSnapshot> {
    return this.waitForStatus(
      `${trunk} to be ${state}`,
      timeoutMs,
      (status) => status.trunks[trunk]?.registration?.state === state,
    );
  }

  waitForLine(port: number, state: LineStatus['state'], timeoutMs: number): Promise<StatusSnapshot> {
    return this.waitForStatus(
      `line ${port} to be ${state}`,
      timeoutMs,
      (status) => status.lines[String(port)]?.state === state,
    );
  }

  /** Telephone 1 dials the number of telephone 2, which is lifted: they talk until they are hung up. */
  async talk(number: string): Promise<void> {
    await this.lift(1);
    await this.waitForLine(1, 'dial-tone', 5_000);
    await this.dial(1, number);
    await this.waitForLine(2, 'ringing', 10_000);
    await this.lift(2);
    await this.waitForLine(2, 'talking', 5_000);
  }

  /** Hangs these telephones up and waits until all is quiet. */
  async rest(...ports: readonly number[]): Promise<void> {
    for (const port of ports) await this.hangUp(port);
    // Lifted again too soon, a short on-hook would be a flash.
    for (const port of ports) await this.waitForLine(port, 'idle', 5_000);
    await this.waitForNoCalls();
  }

  waitForNoCalls(timeoutMs = 5_000): Promise<StatusSnapshot> {
    return this.waitForStatus('all calls to be over', timeoutMs, (status) => status.calls.length === 0);
  }

  private get configFile(): string {
    return join(this.folder, 'branchline.yaml');
  }

  private async succeeding(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await this.request(method, path, body);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }
}

export async function startAppliance(options: ApplianceOptions): Promise<Appliance> {
  const appliance = new Appliance(options);
  try {
    await appliance.start();
  } catch (error) {
    await appliance.dispose();
    throw error;
  }
  return appliance;
}
