import { q850Of } from '../base/causes.ts';
import type { CallRecord, LegRecord } from '../switch/call-record.ts';
import { formatCsvLine } from './csv.ts';
import { type Cdr, cdrSchema } from './schema.ts';
import { type LegReading, legStatus } from './snapshot.ts';

export interface CdrContext {
  readonly site: string;
  /** A fresh id for each record: what consumers drop repeats by. */
  readonly nextId: () => string;
  /** Monotonic ms as RFC 3339. */
  readonly time: (atMs: number) => string;
  /** What a leg's stream counted, as status reads it. */
  readonly reading: (leg: LegRecord) => LegReading;
}

/** The records of a call that is over: one of each leg, then that of the call. */
export function callRecords(record: CallRecord, context: CdrContext): Cdr[] {
  const { id: callId, from, to, emergency, forwardedBy } = record;
  const common = (span: Pick<LegRecord, 'startedMs' | 'answeredMs' | 'endedMs' | 'cause'>) => ({
    id: context.nextId(),
    site: context.site,
    callId,
    from,
    to,
    start: context.time(span.startedMs),
    answer: span.answeredMs === null ? null : context.time(span.answeredMs),
    end: context.time(span.endedMs),
    durationMs: Math.round(span.endedMs - span.startedMs),
    talkMs: span.answeredMs === null ? 0 : Math.round(span.endedMs - span.answeredMs),
    cause: span.cause,
    q850: q850Of(span.cause),
    emergency,
    forwardedBy,
  });
  const legs = record.legs.map((leg, index): Cdr => {
    const { kind, channel, lossPct, jitterMs, mos } = legStatus(context.reading(leg));
    return {
      kind: 'leg',
      ...common(leg),
      leg: { index, kind, channel, direction: leg.direction },
      quality: mos === null ? null : { lossPct, jitterMs, mos },
    };
  });
  return [...legs, { kind: 'call', ...common(record) }];
}

const COLUMNS = [
  'kind',
  'id',
  'site',
  'callId',
  'from',
  'to',
  'start',
  'answer',
  'end',
  'durationMs',
  'talkMs',
  'cause',
  'q850',
] as const;
const LEG_COLUMNS = ['index', 'kind', 'channel', 'direction'] as const;
const QUALITY_COLUMNS = ['lossPct', 'jitterMs', 'mos'] as const;

/** The first line of an export. */
export const CSV_HEADER = [
  ...COLUMNS,
  ...LEG_COLUMNS.map((name) => `leg.${name}`),
  ...QUALITY_COLUMNS.map((name) => `quality.${name}`),
  'emergency',
  'forwardedBy',
].join(',');

/** One record as a line of CSV, without its end. [RFC4180 §2] */
export function formatCsv(record: Cdr): string {
  const leg = record.kind === 'leg' ? record.leg : undefined;
  const quality = record.kind === 'leg' ? (record.quality ?? undefined) : undefined;
  return formatCsvLine([
    ...COLUMNS.map((name) => record[name]),
    ...LEG_COLUMNS.map((name) => leg?.[name]),
    ...QUALITY_COLUMNS.map((name) => quality?.[name]),
    record.emergency ? 1 : 0,
    record.forwardedBy,
  ]);
}

/** A record as it was stored or received, if it is one. */
export function parseCdr(text: string): Cdr | undefined {
  try {
    return cdrSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
