import { pino } from 'pino';
import type { Log, LogLevel } from '../base/log.ts';

/** What a reader of the log that has stalled may cost us in memory; beyond it entries are dropped, calls go on. */
const MAX_BUFFERED_BYTES = 1 << 20;

export interface LogSink {
  readonly log: Log;
  /** Writes what is still buffered; to be called before the process exits. */
  flush(): void;
}

/**
 * One line of JSON per entry: `level` in words, `time` (RFC 3339, UTC), `part`, the fields, `msg`. Writing never blocks
 * the caller. Secrets are kept out by never being handed to a log.
 */
export function openLog(options: { readonly level: LogLevel; readonly fd?: number }): LogSink {
  const destination = pino.destination({
    fd: options.fd ?? process.stderr.fd,
    sync: false,
    maxLength: MAX_BUFFERED_BYTES,
  });
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    destination,
  );
  return {
    log: (level, part, message, fields) => logger[level]({ part, ...fields }, message),
    flush() {
      try {
        destination.flushSync();
      } catch {
        // The reader is gone or the stream never opened: there is nowhere left to write to.
      }
    },
  };
}
