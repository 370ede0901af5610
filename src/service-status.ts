import type { Cause } from './base/causes.ts';
import { systemClock } from './io/clock.ts';
import { Driver } from './io/driver.ts';
import { type StatusChange, StatusFeed } from './status/feed.ts';
import { StatusPublisher } from './status/publisher.ts';
import type { CallStatus, HealthStatus, StatusSnapshot } from './status/schema.ts';

export interface ServiceStatusOptions {
  readonly site: string;
  readonly startedMs: number;
  /** Reads the status as it stands. */
  readonly snapshot: () => StatusSnapshot;
  readonly health: () => HealthStatus;
}

/** What has changed of the status, told to the broker and to whoever else listens. */
export class ServiceStatus {
  readonly publisher: StatusPublisher;
  private readonly feed: StatusFeed;
  private readonly driver: Driver<StatusChange>;
  private readonly listeners = new Set<(change: StatusChange) => void>();

  constructor({ site, startedMs, snapshot, health }: ServiceStatusOptions) {
    const wallMs = () => systemClock.wallMs();
    this.feed = new StatusFeed({ snapshot, health, wallMs }, startedMs);
    this.publisher = new StatusPublisher(site, () => this.feed.current(), wallMs);
    this.driver = new Driver(this.feed, systemClock, (change) => {
      this.publisher.handleChange(change);
      for (const listener of this.listeners) listener(change);
    });
  }

  /** Gives what ends it. */
  subscribe(listener: (change: StatusChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Something other than a call may have changed. */
  noteChange(): void {
    this.driver.give((nowMs) => this.feed.noteChange(nowMs));
  }

  /** A call is over, of which `noteCall` tells once its records are on the disk. */
  awaitEnd(id: string): void {
    this.driver.give(() => this.feed.awaitEnd(id));
  }

  noteCall(call: CallStatus, cause: Cause | null): void {
    this.driver.give(() => this.feed.noteCall(call, cause));
  }

  stop(): void {
    this.driver.stop();
  }
}
