import type { LogSink } from '../io/log.ts';

export interface ScreenSize {
  readonly rows: number;
  readonly columns: number;
}

/** Where a command's words go; a test hands in its own. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether `out` is a terminal that can redraw. */
  readonly interactive: boolean;
  /** How much its window shows now; undefined if it is no terminal. */
  size(): ScreenSize | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** The log of an appliance, on stderr. */
  openLog(): LogSink;
  /** Resolves after that long, at once if `stop` fires. */
  pause(ms: number): Promise<void>;
  /** All of standard input. */
  read(): Promise<string>;
  /** Fires when the user wants the command to end. */
  readonly stop: AbortSignal;
}

/** 0 done, 1 failed, 2 wrong usage or invalid configuration. */
export type ExitCode = 0 | 1 | 2;

/** Ends a command with a message on stderr. */
export class CommandFailure extends Error {
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
  }
}

export const DEFAULT_CONFIGURATION = '/etc/branchline/branchline.yaml';
export const DEFAULT_DATA = '/var/lib/branchline';
