import { type Cause, type DialStatus, dialStatusOf, q850Of } from '../base/causes.ts';
import type { Action, ActionResult } from './action.ts';
import { ARGUMENT_READERS } from './application-arguments.ts';
import { findApplication } from './applications.ts';
import { type DialTarget, parseDialTarget } from './dial-target.ts';
import type { Circumstances, Dialplan, Found } from './dialplan.ts';
import type { Environment } from './environment.ts';
import { PURE_APPLICATIONS, type PureApplication } from './pure-applications.ts';
import { resultVariables } from './result-variables.ts';
import { type EndReason, NEXT, type Outcome } from './run.ts';
import { RunState, type Start, type StartCaller } from './run-state.ts';
import type { Position } from './scope.ts';
import { maskSecrets } from './secret.ts';

/** Where in the dialplan something happens, and in which line that is written. */
export interface Location extends Position {
  /** Of the document; 0 for what no line of it says. */
  readonly line: number;
}

export type Step =
  /** The switch is to do this, and then to `resume` with what came of it. */
  | { readonly type: 'perform'; readonly action: Action; readonly location: Location }
  /**
   * The dialplan has nothing more to say. `cause` is that of the last failure, if the caller still waits for an answer:
   * 17 is to be heard as busy, every other one as congestion.
   */
  | { readonly type: 'end'; readonly reason: EndReason; readonly cause?: Cause };

/** What is told of every application that runs; data is expanded, secrets are masked. */
export type Tracer = (event: {
  location: Location;
  application: string;
  data: string;
  outcome: Outcome | 'skipped';
}) => void;

/** More steps than this without a second passing is a dialplan that runs in circles. */
const MAX_STEPS = 10_000;
/** A step of the switch costs more than one of the dialplan. */
const PERFORM_COST = 10;

/**
 * One channel's run through the dialplan. `next` runs what needs nobody else and gives what the switch is to do, or the
 * end; the switch then calls `resume` and `next` again. Asking `next` twice gives the same step. Reads no clock of its
 * own and never throws on what a dialplan or a caller says.
 *
 * @example
 * const execution = new Execution(dialplan, { context: 'office', exten: '7123', priority: 1 }, environment);
 * for (let step = execution.next(); step.type === 'perform'; step = execution.next()) execution.resume(perform(step.action));
 */
export class Execution {
  private readonly state: RunState;
  private readonly environment: Environment;
  private readonly dialplan: Dialplan;
  private pending: Extract<Step, { type: 'perform' }> | undefined;
  /** Goes on with what came of the pending action. */
  private continuation: ((result: ActionResult) => Outcome) | undefined;
  private ended: Extract<Step, { type: 'end' }> | undefined;
  private hungUp = false;
  private lastCause: Cause | undefined;
  private location: Location;
  private stepsInSecond = 0;
  private secondBeganMs: number;

  constructor(
    dialplan: Dialplan,
    start: Start,
    environment: Environment,
    private readonly tracer: Tracer = () => {},
  ) {
    this.dialplan = dialplan;
    this.environment = environment;
    this.state = new RunState(dialplan, start, environment, (name, data) => this.runApplication(name, data));
    this.secondBeganMs = environment.clock.nowMs();
    this.location = { ...this.state.position, line: 0 };
  }

  get position(): Position {
    return this.state.position;
  }

  /** Who calls, as the dialplan has left it: what a Dial is to show. */
  get caller(): Required<Omit<StartCaller, 'redirecting'>> & Pick<StartCaller, 'redirecting'> {
    const { number, name, presentation, typeOfNumber, transitNetwork, ani2, rdnis } = this.state.channel.caller;
    const redirecting = rdnis === '' ? {} : { redirecting: rdnis };
    return { number, name, presentation, typeOfNumber, transitNetwork, ani2, ...redirecting };
  }

  /** The value of a variable, as `${NAME}` has it. */
  variable(name: string): string | undefined {
    return this.state.variable(name);
  }

  /** Variables that a channel dialled from here begins with: those set as `_NAME` and `__NAME`. */
  inheritedVariables(): ReadonlyMap<string, string> {
    return this.state.inheritedVariables();
  }

  next(): Step {
    if (this.pending !== undefined) return this.pending;
    while (this.ended === undefined) {
      if (!this.mayGoOn(1)) this.end('endless-loop', 'switch-congestion');
      else this.step();
      if (this.pending !== undefined) return this.pending;
    }
    return this.ended;
  }

  /** What came of the action that `next` gave; without one it does nothing. */
  resume(result: ActionResult): void {
    const { pending, continuation } = this;
    if (pending === undefined) return;
    this.pending = undefined;
    this.continuation = undefined;
    if (result.cause !== undefined) this.fail(result.cause);
    if (pending.action.type === 'answer') this.state.channel.answered = true;
    for (const [name, value] of Object.entries(resultVariables(pending.action, result)))
      this.state.setVariable(name, value);
    this.settle(continuation === undefined ? this.afterAction(pending.action, result) : continuation(result));
  }

  /** The caller has gone. What still runs is extension h, of which only what needs no caller is done. */
  hangup(): void {
    if (this.hungUp) return;
    this.hungUp = true;
    this.pending = undefined;
    this.continuation = undefined;
    const { context } = this.state.position;
    if (this.find({ context, exten: 'h', priority: 1 }) === undefined) this.end('hangup');
    else {
      this.ended = undefined;
      this.state.jump({ context, exten: 'h', priority: 1 });
    }
  }

  private step(): void {
    const { position } = this.state;
    const found = this.find(position);
    if (found === undefined) {
      this.runOut();
      return;
    }
    const { application, data, line } = found.priority;
    const expanded = this.state.expand(data);
    const location = { ...position, line };
    this.location = location;
    const skipped = this.isSkipped(application);
    const outcome = skipped ? NEXT : this.runApplication(application, expanded);
    this.tracer({ location, application, data: maskSecrets(expanded), outcome: skipped ? 'skipped' : outcome });
    this.settle(outcome);
  }

  /** Applications that the switch cannot do, and after the hangup all that need a caller. */
  private isSkipped(name: string): boolean {
    const application = findApplication(name);
    if (application === undefined || !application.available) {
      this.state.warn(`application ${name} is not available and is passed over`);
      return true;
    }
    return this.hungUp && application.kind === 'switch';
  }

  private runApplication(name: string, data: string): Outcome {
    const pure = PURE.get(name.toLowerCase());
    if (pure !== undefined) return pure(data, this.state);
    if (this.isSkipped(name)) return NEXT;
    const reader = ARGUMENT_READERS.get(name.toLowerCase());
    const action = reader?.(data, this.state.channel) ?? { type: 'other', application: name, args: [data] };
    if (action.type === 'dial' && action.targets.length === 0) return this.dialNobody(action);
    return { type: 'perform', action };
  }

  /** Nobody has this number here: CHANUNAVAIL, cause 1. */
  private dialNobody(action: Extract<Action, { type: 'dial' }>): Outcome {
    for (const reason of action.refused) this.state.warn(`Dial: ${reason}`);
    const cause: Cause = action.refused.length === 0 ? 'unallocated-number' : 'invalid-number-format';
    this.fail(cause);
    for (const [name, value] of Object.entries(resultVariables(action, { dialStatus: 'CHANUNAVAIL', cause })))
      this.state.setVariable(name, value);
    return NEXT;
  }

  private settle(outcome: Outcome): void {
    switch (outcome.type) {
      case 'next':
        this.state.jump({ ...this.state.position, priority: this.state.position.priority + 1 });
        break;
      case 'perform':
        if (this.mayGoOn(PERFORM_COST))
          this.pending = { type: 'perform', action: outcome.action, location: this.location };
        else this.end('endless-loop', 'switch-congestion');
        break;
      case 'invalid':
        this.invalid();
        break;
      case 'end':
        this.end(outcome.reason, outcome.cause);
        break;
      case 'jumped':
        break;
    }
  }

  private afterAction(action: Action, result: ActionResult): Outcome {
    switch (action.type) {
      case 'dial':
        return this.afterDial(action, result);
      case 'hangup':
        return { type: 'end', reason: 'hangup', cause: action.cause ?? 'normal-clearing' };
      case 'busy':
        return { type: 'end', reason: 'hangup', cause: 'user-busy' };
      case 'congestion':
        return { type: 'end', reason: 'hangup', cause: 'no-circuit' };
      case 'collect':
        return this.afterDigits(result.digits ?? '', action.prefix);
      case 'background':
        return (result.digits ?? '') === '' ? NEXT : this.collectMore(result.digits!);
      case 'parked-call':
      case 'park':
        return result.cause === undefined ? NEXT : { type: 'end', reason: 'hangup', cause: result.cause };
      default:
        return NEXT;
    }
  }

  private afterDial(action: Extract<Action, { type: 'dial' }>, result: ActionResult): Outcome {
    const status = statusOf(result);
    if (status === 'ANSWER') {
      this.state.channel.answered = true;
      // Whoever hung up, the call is over, unless option g says that the caller has more to hear.
      return action.options.has('g')
        ? NEXT
        : { type: 'end', reason: 'hangup', cause: result.cause ?? 'normal-clearing' };
    }
    const { position } = this.state;
    const jumps = this.dialplan.settings.priorityJumping || action.options.has('j');
    const other = { ...position, priority: position.priority + 101 };
    if (jumps && (status === 'BUSY' || status === 'CHANUNAVAIL') && this.find(other) !== undefined)
      return this.state.jump(other);
    return NEXT;
  }

  private collectMore(prefix: string): Outcome {
    const { digitTimeoutMs } = this.state.channel;
    const { context } = this.state.position;
    if (!this.dialplan.lookup(context, prefix, this.circumstances).matchMore) return this.afterDigits(prefix, '');
    const action = { type: 'collect', prefix, firstMs: digitTimeoutMs, interDigitMs: digitTimeoutMs } as const;
    return { type: 'perform', action };
  }

  /** Digits were collected: they are the next extension. None: the extension goes on, or t has the word. */
  private afterDigits(digits: string, prefix: string): Outcome {
    const { position } = this.state;
    const { context } = position;
    if (digits !== '' && digits !== prefix) {
      if (this.find({ context, exten: digits, priority: 1 }) !== undefined)
        return this.state.jump({ context, exten: digits, priority: 1 });
      this.state.jump({ context, exten: digits, priority: 1 });
      return { type: 'invalid' };
    }
    if (prefix === '' && this.find({ ...position, priority: position.priority + 1 }) !== undefined) return NEXT;
    const timeout = { context, exten: 't', priority: 1 };
    if (this.find(timeout) !== undefined) return this.state.jump(timeout);
    return { type: 'end', reason: 'timeout', cause: 'no-user-response' };
  }

  /** There is no such priority: the end of a macro, of the extension, or an extension that does not exist. */
  private runOut(): void {
    const { position } = this.state;
    if (this.state.frame?.kind === 'macro' && position.priority > 1) {
      this.state.jump(this.state.leave()!.returnTo);
      return;
    }
    if (this.hungUp) this.end('hangup');
    else if (this.find({ ...position, priority: 1 }) === undefined) this.askElsewhere();
    else if (this.dialplan.settings.autoFallthrough) this.end('finished', this.lastCause);
    else {
      const { responseTimeoutMs, digitTimeoutMs } = this.state.channel;
      const action = { type: 'collect', prefix: '', firstMs: responseTimeoutMs, interDigitMs: digitTimeoutMs } as const;
      this.settle({ type: 'perform', action });
    }
  }

  /** Asks the peers of the context's `switch` statements, one after the other, and dials the first that knows the number. */
  private askElsewhere(): void {
    const { context, exten } = this.state.position;
    const peers: DialTarget[] = [];
    // Special extensions are a matter of this dialplan alone.
    for (const each of /^[a-z]$/i.test(exten) ? [] : this.dialplan.switches(context, this.circumstances)) {
      const target = parseDialTarget(`${each.technology}/${each.expanded ? this.state.expand(each.data) : each.data}`);
      if ('error' in target) this.state.warn(`switch: ${target.error}`);
      else peers.push(target);
    }
    this.settle(this.askNext(peers, exten));
  }

  private askNext(peers: readonly DialTarget[], number: string): Outcome {
    const [peer, ...others] = peers;
    if (peer === undefined) return { type: 'invalid' };
    this.continuation = (result) =>
      result.exists === true ? this.dialElsewhere(peer, number) : this.askNext(others, number);
    return { type: 'perform', action: { type: 'remote-lookup', peer, number } };
  }

  private dialElsewhere(peer: DialTarget, number: string): Outcome {
    this.continuation = (result) => {
      const answered = statusOf(result) === 'ANSWER';
      return { type: 'end', reason: answered ? 'hangup' : 'finished', cause: result.cause ?? 'normal-clearing' };
    };
    // What `switch => IAX2/peer/context` has behind the slash is the context of the number there.
    const [host = '', context] = peer.resource.split('/');
    const target = parseDialTarget(
      `IAX2/${host}/${number}${context === undefined || context === '' ? '' : `@${context}`}`,
    );
    const targets = 'error' in target ? [] : [target];
    return { type: 'perform', action: { type: 'dial', targets, refused: [], options: new Map() } };
  }

  /** The extension does not exist: i takes the call, or it ends. */
  private invalid(): void {
    const { context, exten } = this.state.position;
    const invalid = { context, exten: 'i', priority: 1 };
    if (!this.hungUp && exten !== 'i' && this.find(invalid) !== undefined) {
      this.state.setVariable('INVALID_EXTEN', exten);
      this.state.jump(invalid);
    } else this.end(this.hungUp ? 'hangup' : 'no-extension', this.lastCause ?? 'no-route');
  }

  private end(reason: EndReason, cause?: Cause): void {
    this.pending = undefined;
    this.ended = { type: 'end', reason, ...(cause === undefined ? {} : { cause }) };
  }

  private fail(cause: Cause): void {
    this.lastCause = cause;
    this.state.hangupCause = q850Of(cause);
  }

  private find(position: Position): Found | undefined {
    return this.dialplan.find(position.context, position.exten, position.priority, this.circumstances);
  }

  private get circumstances(): Circumstances {
    return { clock: this.environment.clock, caller: this.state.channel.caller.number };
  }

  /** Counts steps; every second that passes forgives them. */
  private mayGoOn(cost: number): boolean {
    const nowMs = this.environment.clock.nowMs();
    if (Math.abs(nowMs - this.secondBeganMs) >= 1000) {
      this.secondBeganMs = nowMs;
      this.stepsInSecond = 0;
    }
    this.stepsInSecond += cost;
    return this.stepsInSecond <= MAX_STEPS;
  }
}

const PURE = new Map<string, PureApplication>([...PURE_APPLICATIONS].map(([name, run]) => [name.toLowerCase(), run]));

function statusOf(result: ActionResult): DialStatus {
  return result.dialStatus ?? dialStatusOf(result.cause ?? 'normal-unspecified');
}
