import { pino } from 'pino';
import type { Log, LogLevel } from '../base/log.ts';
import { LineWriter } from './line-writer.ts';

export interface LogSink {
  readonly log: Log;
  /** Writes what is still gathered; it is written at the end of the process in any case. */
  flush(): void;
}

/**
 * One line of JSON per entry: `level` in words, `time` (RFC 3339, UTC), `part`, the fields, `msg`. Writing never blocks
 * the caller. Secrets are kept out by never being handed to a log.
 */
export function openLog(options: { readonly level: LogLevel; readonly fd?: number }): LogSink {
  const writer = new LineWriter(options.fd ?? process.stderr.fd);
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    writer,
  );
  return {
    log: (level, part, message, fields) => logger[level]({ part, ...fields }, message),
    flush: () => writer.flush(),
  };
}
