import type { StatusChange } from '../status/feed.ts';
import type { LogBook } from '../status/log-book.ts';
import type { HealthStatus, Presence, StatusSnapshot } from '../status/schema.ts';
import type { CheckedConfiguration, ConfigurationStanding, ConfigurationText } from './configuration.ts';
import type { Emulator } from './emulator.ts';

/** What the panel asks of the appliance; the composition root implements it. Nothing here blocks. */
export interface PanelServices {
  status(): StatusSnapshot;
  /** As the broker was told it; `session` is empty before the first connection to one. */
  presence(): Presence;
  health(): HealthStatus;
  /** Now, RFC 3339. */
  time(): string;
  /** Calls `listener` for each change of the status; gives what ends that. */
  subscribe(listener: (change: StatusChange) => void): () => void;
  /** Calls `from` and, when it answers, `to`. */
  originate(from: string, to: string): { readonly id: string } | { readonly failed: string };
  /** Ends a call; false when there is none of that id. */
  hangup(id: string): boolean;
  /**
   * Lets in one SIP phone that has no secret here. The secret that it must prove is given once, here; `until` is RFC 3339.
   */
  openAdoption(): { readonly secret: string; readonly until: string } | { readonly failed: string };
  /** False when adopt mode was not open. */
  closeAdoption(): boolean;
  /** Shuts out a phone that was adopted; false when there is none with this name. */
  forgetPhone(user: string): boolean;
  /** What the dialplan would do with `number`, coming from a context or from `line/N`. */
  trace(number: string, from: string): RouteTrace | { readonly failed: string };
  /** Gives a pcapng file in pieces as datagrams pass, of one call or of all; gives what ends that. */
  capture(call: string | undefined, take: (bytes: Uint8Array) => void): () => void;
  /** The configuration editor; undefined where the configuration cannot be changed from here. */
  readonly configuration: ConfigurationServices | undefined;
  /** The last entries of the log. */
  readonly log: Pick<LogBook, 'entries' | 'follow'>;
  /** The emulated HAT; undefined with a real one or none. */
  readonly emulator: Emulator | undefined;
  /** Other panels worth a link, such as the demo's central switch. */
  readonly neighbours: readonly { readonly name: string; readonly url: string }[];
}

/** Reads and changes the configuration. Secrets are masked in whatever comes from it. */
export interface ConfigurationServices {
  read(): ConfigurationText | { readonly failed: string };
  check(text: string): CheckedConfiguration;
  /** Puts a text on trial; gives why not, if not. */
  apply(change: ConfigurationChange): NotApplied | undefined;
  /** Keeps what is on trial; gives why not. */
  confirm(): string | undefined;
  /** Takes what is on trial back; gives why not. */
  rollBack(): string | undefined;
  standing(): ConfigurationStanding;
}

export interface ConfigurationChange {
  readonly text: string;
  /** Of the configuration that was changed. */
  readonly version: string;
  /** Who changes it; null where nobody logs in. */
  readonly user: string | null;
  readonly confirmWithinMs: number;
}

export type NotApplied =
  | { readonly reason: 'conflict'; readonly error: string }
  | { readonly reason: 'invalid'; readonly error: string; readonly problems: CheckedConfiguration['problems'] };

export interface RouteTrace {
  readonly context: string;
  readonly steps: readonly RouteStep[];
}

export interface RouteStep {
  /** `office,7123,1`. */
  readonly location: string;
  /** The application with its arguments as they would run, secrets masked. */
  readonly application: string;
  /** What came of it, or is assumed to come of it. */
  readonly outcome: string;
}
