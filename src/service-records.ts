import { randomUUID } from 'node:crypto';
import type { Counters } from './base/counters.ts';
import type { Log } from './base/log.ts';
import { readClocks, systemClock } from './io/clock.ts';
import { RecordKeeper } from './record-keeper.ts';
import { type CdrContext, callRecords } from './status/cdr.ts';
import { EventLimit, eventMessage, type Happening, type Keeping } from './status/event.ts';
import { formatTime, type WallTime } from './status/wall-time.ts';
import type { CallRecord } from './switch/call-record.ts';

export interface ServiceRecordsOptions {
  readonly site: string;
  readonly log: Log;
  readonly counters: Counters;
  readonly wallTime: WallTime;
  /** Whether there is a broker that events could go to. */
  readonly hasBroker: () => boolean;
  readonly reading: CdrContext['reading'];
}

/** Events and records of calls, on their way to disk and broker; what others can cause at will is told seldom. */
export class ServiceRecords {
  private readonly limit = new EventLimit();
  private kept: RecordKeeper | undefined;

  constructor(private readonly options: ServiceRecordsOptions) {}

  /** Undefined before `open`: what is told until then is lost. */
  get keeper(): RecordKeeper | undefined {
    return this.kept;
  }

  async open(directory: string): Promise<void> {
    const { site, log, counters } = this.options;
    this.kept = await RecordKeeper.open({ site, directory, clock: systemClock, log, counters });
  }

  async close(): Promise<void> {
    await this.kept?.close();
  }

  /** Puts an event on its way, where there is a broker that it could go to. */
  tell(happening: Happening, keeping?: Keeping): void {
    const passed = this.limit.pass(happening, systemClock.nowMs());
    if (passed !== undefined) this.keepEvent(passed, keeping);
  }

  /** As `tell`, and into the log as seldom as to the broker. */
  report(happening: Happening): void {
    const passed = this.limit.pass(happening, systemClock.nowMs());
    if (passed === undefined) return;
    const { kind, what, severity, message, details } = passed;
    this.options.log(severity, kind, message, { what, ...details });
    this.keepEvent(passed);
  }

  /** `settled` is called once the records of the call can no longer be lost. */
  keepCall(record: CallRecord, settled: () => void): void {
    const { site, wallTime, reading } = this.options;
    const { nowMs, wallMs } = readClocks();
    const time = (atMs: number) => wallTime.format(atMs, nowMs, wallMs);
    const records = callRecords(record, { site, nextId: randomUUID, time, reading });
    const messages = records.map((cdr) => ({ id: cdr.id, topic: 'cdr' as const, payload: JSON.stringify(cdr) }));
    if (this.kept === undefined) settled();
    else this.kept.keep(messages, settled);
  }

  private keepEvent(happening: Happening, { id, settled }: Partial<Keeping> = {}): void {
    if (!this.options.hasBroker()) return;
    const event = { id: id ?? randomUUID(), at: formatTime(systemClock.wallMs()), ...happening };
    this.kept?.keep([eventMessage(event)], settled);
  }
}
