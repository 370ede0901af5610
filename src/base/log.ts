export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a log line carries besides its sentence; values must be free of secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Where pure code says what happened. It is handed in; `io/` writes it as JSON lines, tests collect or drop it. */
export type Log = (level: LogLevel, part: string, message: string, fields?: LogFields) => void;

export const silentLog: Log = () => {};

/**
 * Logs each reason at most once per `intervalMs`; the next line after a pause says how many were left out. For what a
 * peer can cause at will: malformed datagrams, failed logins, unknown calls.
 */
export class RateLimitedLog {
  private readonly last = new Map<string, { atMs: number; suppressed: number }>();

  constructor(
    private readonly log: Log,
    private readonly part: string,
    private readonly intervalMs = 60_000,
  ) {}

  /** `reason` comes from the code, never from input, so the table is bounded. */
  warn(reason: string, message: string, nowMs: number, fields: LogFields = {}): void {
    const seen = this.last.get(reason);
    if (seen !== undefined && nowMs - seen.atMs < this.intervalMs) {
      seen.suppressed++;
      return;
    }
    const suppressed = seen?.suppressed ?? 0;
    this.last.set(reason, { atMs: nowMs, suppressed: 0 });
    this.log('warn', this.part, message, suppressed > 0 ? { ...fields, reason, suppressed } : { ...fields, reason });
  }
}
