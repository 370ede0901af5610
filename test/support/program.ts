import { type ChildProcess, spawn } from 'node:child_process';
import { waitUntil } from './wait-until.ts';

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A program that runs beside the test, with all it printed. It ends with the test process at the latest. */
export class Program {
  stdout = '';
  stderr = '';
  readonly startedMs = performance.now();
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;

  constructor(
    private readonly name: string,
    command: string,
    args: readonly string[],
    options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
  ) {
    this.child = spawn(command, [...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    running.add(this.child);
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.child.on('error', (error) => {
      this.stderr += `${error.message}\n`;
    });
    this.ended = new Promise<void>((resolve) => {
      this.child.once('close', () => resolve());
      this.child.once('error', () => resolve());
    }).then(() => {
      running.delete(this.child);
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get exited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined;
  }

  /** The exit code, once it ended by itself; null when a signal ended it. */
  async exit(timeoutMs = 10_000): Promise<number | null> {
    await waitUntil(
      `${this.name} to end`,
      timeoutMs,
      () => this.exited,
      () => this.tail(),
    );
    await this.ended;
    return this.child.exitCode;
  }

  /** Waits for `condition`; fails at once when the program ends before. */
  waitFor<T>(what: string, timeoutMs: number, condition: () => T | Promise<T>) {
    return waitUntil(
      `${this.name}: ${what}`,
      timeoutMs,
      async () => {
        const value = await condition();
        if (this.exited && (value === undefined || value === false))
          throw new Error(
            `${this.name} ended (${this.child.exitCode ?? this.child.signalCode}) before ${what}\n${this.tail()}`,
          );
        return value;
      },
      () => this.tail(),
    );
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends it: SIGTERM, and SIGKILL when it is still there after `graceMs`. Gives the exit code. */
  async stop(graceMs = 5_000): Promise<number | null> {
    if (!this.exited) {
      this.child.kill('SIGCONT');
      this.child.kill('SIGTERM');
      const killer = setTimeout(() => this.child.kill('SIGKILL'), graceMs);
      await this.ended;
      clearTimeout(killer);
    }
    return this.child.exitCode;
  }

  private tail(): string {
    return `${this.stdout.slice(-2_000)}\n${this.stderr.slice(-4_000)}`.trim();
  }
}
