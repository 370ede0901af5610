import type { Dialplan } from './dialplan.ts';
import type { Environment } from './environment.ts';
import { NEXT } from './run.ts';
import { RunState } from './run-state.ts';

const NOWHERE = { context: '', exten: '', priority: 1 } as const;

/** A run in which nobody calls, to hear what functions say of arguments that are the same in every call. */
class Rehearsal extends RunState {
  /** What it was warned of first. */
  warning: string | undefined;

  override warn(message: string): void {
    this.warning ??= message;
  }
}

/** What `${NAME(args)}` will warn of in every call; undefined if nothing. */
export function warningOfRead(dialplan: Dialplan, name: string, args: string): string | undefined {
  const run = rehearsal(dialplan);
  run.callFunction(name, args);
  return run.warning;
}

/** The same of `Set(name=value)`. */
export function warningOfSet(dialplan: Dialplan, name: string, value: string): string | undefined {
  const run = rehearsal(dialplan);
  run.assign(name, value);
  return run.warning;
}

function rehearsal(dialplan: Dialplan): Rehearsal {
  const environment: Environment = {
    clock: { nowMs: () => 0, utcOffsetMinutes: () => 0 },
    random: { next: () => 0, integer: () => 0 },
    globals: new Map(),
    database: new Map(),
    devices: () => [],
    deviceState: () => 'UNKNOWN',
    night: () => false,
  };
  return new Rehearsal(dialplan, NOWHERE, environment, () => NEXT);
}
