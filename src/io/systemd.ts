import { spawn } from 'node:child_process';
import type { Log } from '../base/log.ts';

/** Longer than a busy machine needs to pass on one datagram; a helper that hangs must not hold back the next. */
const HELPER_TIMEOUT_MS = 5000;

/**
 * Tells systemd how the service is: ready, reloading, stopping, alive. Without systemd it does nothing. Messages go
 * through `systemd-notify`, one after the other, for Node has no datagram sockets of the Unix kind
 * (docs/decisions/0006-systemd-notify.md). What goes wrong is logged once and never stops the service.
 */
export class ServiceNotifier {
  /** How often `alive` is to be called, ms: a third of what systemd waits. Undefined if it does not watch us. */
  readonly watchdogMs: number | undefined;
  private readonly listening: boolean;
  private readonly environment: NodeJS.ProcessEnv;
  private sending: Promise<void> = Promise.resolve();
  private waiting = 0;
  private failed = false;

  constructor(
    environment: NodeJS.ProcessEnv,
    private readonly log: Log,
    private readonly helper = 'systemd-notify',
  ) {
    const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: limit, WATCHDOG_PID: watched } = environment;
    this.listening = socket !== undefined && socket !== '';
    this.environment = { PATH: environment['PATH'], NOTIFY_SOCKET: socket };
    const limitMs = Number(limit) / 1000;
    const ours = watched === undefined || Number(watched) === process.pid;
    this.watchdogMs = this.listening && ours && limitMs > 0 ? Math.max(1, Math.floor(limitMs / 3)) : undefined;
  }

  /** It serves, for the first time or again after `reloading`. `status` is what `systemctl status` shows. */
  ready(status: string): Promise<void> {
    return this.send(['READY=1', statusLine(status), `MAINPID=${process.pid}`]);
  }

  reloading(): Promise<void> {
    const monotonicUs = process.hrtime.bigint() / 1000n;
    return this.send(['RELOADING=1', `MONOTONIC_USEC=${monotonicUs}`, statusLine('reloading')]);
  }

  stopping(): Promise<void> {
    return this.send(['STOPPING=1', statusLine('draining')]);
  }

  /** The stop takes longer, `ms` from now: systemd is not to kill us. */
  extendStop(ms: number): Promise<void> {
    return this.send([`EXTEND_TIMEOUT_USEC=${ms * 1000}`]);
  }

  status(text: string): Promise<void> {
    return this.send([statusLine(text)]);
  }

  /** A sign of life for the watchdog. Left out while one is still on its way: systemd must not be told the past. */
  alive(): void {
    if (this.waiting === 0) void this.send(['WATCHDOG=1']);
  }

  /** In the order of calls; resolves once systemd has it, or cannot have it. Never rejects. */
  private send(assignments: readonly string[]): Promise<void> {
    if (!this.listening) return Promise.resolve();
    this.waiting++;
    this.sending = this.sending.then(() => this.run(assignments)).finally(() => this.waiting--);
    return this.sending;
  }

  private run(assignments: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const child = spawn(this.helper, [...assignments], {
        env: this.environment,
        stdio: 'ignore',
        timeout: HELPER_TIMEOUT_MS,
        killSignal: 'SIGKILL',
      });
      child.once('error', (error) => {
        this.fail(`${this.helper} cannot be run: ${error.message}`);
        resolve();
      });
      child.once('close', (code) => {
        if (code !== null && code !== 0) this.fail(`${this.helper} ended with ${code}`);
        if (code === null) this.fail(`${this.helper} was ended: no answer within ${HELPER_TIMEOUT_MS / 1000} s`);
        resolve();
      });
    });
  }

  private fail(reason: string): void {
    if (this.failed) return;
    this.failed = true;
    this.log('warn', 'systemd', `systemd does not hear from us: ${reason}`);
  }
}

/** One line; a line feed would begin another assignment. */
function statusLine(text: string): string {
  return `STATUS=${text.replace(/[\r\n]+/g, ' ')}`;
}
