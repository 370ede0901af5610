import type { StatusChange } from '../status/feed.ts';
import type { HealthStatus, StatusSnapshot } from '../status/schema.ts';
import type { Emulator } from './emulator.ts';

/** What the panel asks of the appliance; the composition root implements it. Nothing here blocks. */
export interface PanelServices {
  status(): StatusSnapshot;
  health(): HealthStatus;
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
  /** The emulated HAT; undefined with a real one or none. */
  readonly emulator: Emulator | undefined;
  /** Other panels worth a link, such as the demo's central switch. */
  readonly neighbours: readonly { readonly name: string; readonly url: string }[];
}

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
