import { findVariable } from './builtin-variables.ts';
import type { Dialplan } from './dialplan.ts';
import type { Environment } from './environment.ts';
import { evaluateExpression } from './expression.ts';
import { FUNCTIONS } from './functions.ts';
import { type Frame, JUMPED, type Outcome, type Run } from './run.ts';
import type { ChannelState, Position } from './scope.ts';
import { maskSecrets } from './secret.ts';
import { VariableStore } from './variable-store.ts';
import { expand, MAX_LENGTH } from './variables.ts';

/** What a run begins with: where, and for whom. */
/** Who calls, as the channel brought it; codes as in `CallerId`. */
export interface StartCaller {
  readonly number: string;
  readonly name: string;
  readonly presentation?: number;
  readonly typeOfNumber?: number;
  readonly transitNetwork?: number;
  readonly ani2?: number;
  /** Who forwarded the call: `CALLERID(rdnis)`. */
  readonly redirecting?: string;
}

export interface Start {
  readonly context: string;
  readonly exten: string;
  readonly priority: number;
  readonly caller?: StartCaller;
  /** What the channel is called: `LINE/1`, `IAX2/hq-3`. */
  readonly channel?: string;
  readonly uniqueId?: string;
  /** The number that was dialled to come here; `exten` if it says nothing else. */
  readonly dnid?: string;
  readonly language?: string;
  readonly answered?: boolean;
  /** As `inheritedVariables` of the channel that dialled this one gives them. */
  readonly variables?: ReadonlyMap<string, string>;
}

const MAX_FRAMES = 100;
/** A dialplan that goes on making variables must not eat the box. */
const MAX_VARIABLES = 10_000;

/** All that changes while a dialplan runs: position, variables, subroutines, the caller's name. */
export class RunState implements Run {
  readonly channel: ChannelState;
  hangupCause = 0;
  private at: Position;
  private readonly frames: Frame[] = [];
  private readonly variables = new VariableStore(this.frames);
  private expanding = 0;

  constructor(
    readonly dialplan: Dialplan,
    start: Start,
    readonly environment: Environment,
    readonly runApplication: (name: string, data: string) => Outcome,
  ) {
    const { context, exten, priority, caller, dnid } = start;
    this.at = { context, exten, priority };
    this.channel = {
      name: start.channel ?? '',
      uniqueId: start.uniqueId ?? '',
      caller: {
        number: caller?.number ?? '',
        name: caller?.name ?? '',
        ani: caller?.number ?? '',
        rdnis: caller?.redirecting ?? '',
        dnid: dnid ?? exten,
        tag: '',
        presentation: caller?.presentation ?? 0,
        typeOfNumber: caller?.typeOfNumber ?? 0,
        transitNetwork: caller?.transitNetwork ?? 0,
        ani2: caller?.ani2 ?? 0,
      },
      language: start.language ?? 'en',
      answered: start.answered ?? false,
      digitTimeoutMs: 5000,
      responseTimeoutMs: 10_000,
      absoluteTimeoutMs: 0,
    };
    for (const [name, value] of start.variables ?? []) this.variables.set(name, value);
  }

  get position(): Position {
    return this.at;
  }

  get frame(): Frame | undefined {
    return this.frames.at(-1);
  }

  get depth(): number {
    return this.frames.length;
  }

  jump(position: Position): Outcome {
    // Going from a macro to another context is the end of the macro.
    while (this.frame?.kind === 'macro' && this.frame.context !== position.context) this.frames.pop();
    this.at = position;
    return JUMPED;
  }

  enter(frame: Frame): boolean {
    if (this.frames.length >= MAX_FRAMES) return false;
    this.frames.push(frame);
    return true;
  }

  leave(): Frame | undefined {
    return this.frames.pop();
  }

  applicationAt(priority: number): { readonly name: string; readonly data: string } | undefined {
    const { context, exten } = this.at;
    const at = { clock: this.environment.clock, caller: this.channel.caller.number };
    const found = this.dialplan.find(context, exten, priority, at)?.priority;
    return found === undefined ? undefined : { name: found.application, data: found.data };
  }

  expand(text: string): string {
    // EVAL expands what it is given, which may be another EVAL.
    if (this.expanding > 8) return '';
    this.expanding++;
    const value = expand(text, this);
    this.expanding--;
    return value;
  }

  variable(name: string): string | undefined {
    return findVariable(name, this) ?? this.variables.get(name) ?? this.global(name);
  }

  callFunction(name: string, args: string): string {
    const known = FUNCTIONS.get(name);
    if (known?.read === undefined) {
      this.warn(known === undefined ? `there is no function ${name}` : `function ${name} cannot be read`);
      return '';
    }
    return known.read(args, this);
  }

  evaluate(expression: string): string {
    const result = evaluateExpression(expression, {
      callFunction: (name, args) => FUNCTIONS.get(name)?.read?.(args, this),
      warn: (message) => this.warn(message),
    });
    if (result.error !== undefined) this.warn(`$[${expression}]: ${result.error.message}`);
    return result.value;
  }

  assign(name: string, value: string): void {
    const [, called, args] = /^([A-Z_0-9a-z]+)\((.*)\)$/s.exec(name) ?? [];
    if (called === undefined || args === undefined) this.setVariable(name, value);
    else {
      const write = FUNCTIONS.get(called)?.write;
      if (write === undefined) this.warn(`function ${called} cannot be set`);
      else write(args, value, this);
    }
  }

  setVariable(name: string, value: string): void {
    if (name === '') return;
    if (this.variables.size >= MAX_VARIABLES && this.variables.get(name) === undefined) {
      this.warn('too many variables');
      return;
    }
    this.variables.set(name, value.slice(0, MAX_LENGTH));
  }

  deleteVariable(name: string): void {
    this.variables.delete(name);
  }

  variableNames(): Iterable<string> {
    return this.variables.names();
  }

  inheritedVariables(): Map<string, string> {
    return this.variables.inherited();
  }

  local(name: string): string | undefined {
    return this.variables.get(name);
  }

  setLocal(name: string, value: string): void {
    this.variables.setLocal(name, value.slice(0, MAX_LENGTH));
  }

  global(name: string): string | undefined {
    return this.environment.globals.get(name) ?? this.dialplan.globals.get(name);
  }

  setGlobal(name: string, value: string): void {
    this.environment.globals.set(name, value.slice(0, MAX_LENGTH));
  }

  print(level: 'debug' | 'info' | 'warn' | 'error', message: string): void {
    this.environment.log?.(level, maskSecrets(message));
  }

  warn(message: string): void {
    const { context, exten, priority } = this.at;
    this.print('warn', `${exten}@${context}:${priority}: ${message}`);
  }
}
