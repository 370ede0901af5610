import type { Dialplan } from './dialplan.ts';
import type { Environment } from './environment.ts';
import type { Evaluator } from './variables.ts';

/** Where an execution stands. */
export interface Position {
  readonly context: string;
  readonly exten: string;
  readonly priority: number;
}

/** What CALLERID() reads and writes. */
export interface CallerId {
  number: string;
  name: string;
  ani: string;
  rdnis: string;
  dnid: string;
  tag: string;
  /** Code of the presentation, as CALLERPRES has it: 0 allowed, 32 prohibited, 67 unavailable. */
  presentation: number;
  /** Type of number and numbering plan, CALLINGTNS and ANI II digits, as IAX2 carries them. */
  typeOfNumber: number;
  transitNetwork: number;
  ani2: number;
}

/** What functions know of the channel that the dialplan runs for. */
export interface ChannelState {
  readonly name: string;
  readonly uniqueId: string;
  readonly caller: CallerId;
  language: string;
  /** Answered: CHANNEL(state) is Up. */
  answered: boolean;
  /** TIMEOUT(digit) and TIMEOUT(response); an absolute one is kept for the switch. */
  digitTimeoutMs: number;
  responseTimeoutMs: number;
  absoluteTimeoutMs: number;
}

/** What functions and applications work on: one channel's run through the dialplan. */
export interface Scope extends Evaluator {
  readonly dialplan: Dialplan;
  readonly environment: Environment;
  readonly channel: ChannelState;
  readonly position: Position;
  /** Sets a variable of the channel; `_X` and `__X` are inherited by the channels that it dials. */
  setVariable(name: string, value: string): void;
  deleteVariable(name: string): void;
  variableNames(): Iterable<string>;
  /** A variable of the subroutine that runs, of the channel without one. */
  local(name: string): string | undefined;
  setLocal(name: string, value: string): void;
  global(name: string): string | undefined;
  setGlobal(name: string, value: string): void;
  expand(text: string): string;
  /** How many subroutines the run is in. */
  readonly depth: number;
}

/** A function of `${NAME(args)}`: what it gives, and what `Set(NAME(args)=value)` does. */
export interface DialplanFunction {
  read?(args: string, scope: Scope): string;
  write?(args: string, value: string, scope: Scope): void;
}
