import type { Cause } from '../base/causes.ts';
import type { Action } from './action.ts';
import type { Position, Scope } from './scope.ts';

/** Why an execution ended. */
export type EndReason =
  /** Out of priorities, or of what they called. */
  | 'finished'
  /** The number, or what a Goto or Gosub names, does not exist. */
  | 'no-extension'
  /** The caller is gone, or Hangup was run. */
  | 'hangup'
  /** Nothing was dialled in time, and there is no extension t. */
  | 'timeout'
  /** It ran in circles. */
  | 'endless-loop';

/** What an application did. */
export type Outcome =
  /** On to the next priority. */
  | { readonly type: 'next' }
  /** The position was set. */
  | { readonly type: 'jumped' }
  | { readonly type: 'perform'; readonly action: Action }
  /** The number is not valid: extension i has it, if there is one. */
  | { readonly type: 'invalid' }
  | { readonly type: 'end'; readonly reason: EndReason; readonly cause?: Cause };

export const NEXT: Outcome = { type: 'next' };
export const JUMPED: Outcome = { type: 'jumped' };

/** A subroutine that runs: where it goes on afterwards, and its own variables. */
export interface Frame {
  readonly kind: 'gosub' | 'macro';
  readonly returnTo: Position;
  /** Of a macro: the context that it runs in. */
  readonly context?: string;
  readonly variables: Map<string, string>;
}

/** What an application that is done inside the dialplan may do to the execution. */
export interface Run extends Scope {
  jump(position: Position): Outcome;
  /** False if there are too many. */
  enter(frame: Frame): boolean;
  leave(): Frame | undefined;
  readonly frame: Frame | undefined;
  /** Runs another application in this one's place. */
  runApplication(name: string, data: string): Outcome;
  /** What is written at a priority of the extension that runs. */
  applicationAt(priority: number): { readonly name: string; readonly data: string } | undefined;
  /** Assigns to a variable or a function: `NAME`, `_NAME`, `CALLERID(num)`. */
  assign(name: string, value: string): void;
  print(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}
