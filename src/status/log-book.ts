import { z } from 'zod';
import type { Log, LogFields, LogLevel } from '../base/log.ts';

const levels = ['info', 'warn', 'error'] as const;

export const logEntrySchema = z
  .object({
    id: z.number().describe('counts up from the start of the process'),
    at: z.iso.datetime().describe('RFC 3339, UTC'),
    level: z.enum(levels),
    part: z.string().describe('of the appliance: iax2, sip, config'),
    message: z.string().describe('one sentence'),
    fields: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .describe('the same for programs; never a secret'),
  })
  .meta({ id: 'LogEntry' });

export const logLevelSchema = z.enum(levels);

export type LogEntry = z.infer<typeof logEntrySchema>;

/** Half a megabyte at the very most. */
const MAX_ENTRIES = 500;
const MAX_CHARACTERS = 500;
const MAX_FIELDS = 12;

/** Remembers the last entries of a log, for who looks at the appliance; what it takes of memory is bounded. */
export class LogBook {
  private readonly kept: LogEntry[] = [];
  private readonly listeners = new Set<(entry: LogEntry) => void>();
  private count = 0;

  /** `wallTime` gives RFC 3339. */
  constructor(
    private readonly next: Log,
    private readonly wallTime: () => string,
  ) {}

  /** Hands an entry on, and remembers it unless it is for developers. */
  readonly log: Log = (level, part, message, fields) => {
    this.next(level, part, message, fields);
    if (level === 'debug') return;
    const entry = this.entryOf(level, part, message, fields ?? {});
    this.kept.push(entry);
    if (this.kept.length > MAX_ENTRIES) this.kept.shift();
    for (const listener of this.listeners) listener(entry);
  };

  /** Oldest first, those of `level` and above. */
  entries(level: LogEntry['level'] = 'info'): LogEntry[] {
    const least = levels.indexOf(level);
    return this.kept.filter((entry) => levels.indexOf(entry.level) >= least);
  }

  /** Calls `listener` for each entry from now on; gives what ends that. */
  follow(listener: (entry: LogEntry) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private entryOf(level: Exclude<LogLevel, 'debug'>, part: string, message: string, fields: LogFields): LogEntry {
    const told = Object.entries(fields).slice(0, MAX_FIELDS);
    return {
      id: ++this.count,
      at: this.wallTime(),
      level,
      part,
      message: short(message),
      fields: Object.fromEntries(
        told.flatMap(([name, value]) =>
          value === undefined ? [] : [[name, typeof value === 'string' ? short(value) : value]],
        ),
      ),
    };
  }
}

function short(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS - 1)}…`;
}
