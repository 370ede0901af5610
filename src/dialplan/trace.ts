import { type Cause, causeText, type DialStatus, q850Of } from '../base/causes.ts';
import type { Action, ActionResult } from './action.ts';
import { type ClassOfService, classMissing } from './class-of-service.ts';
import type { DialTarget } from './dial-target.ts';
import type { Dialplan } from './dialplan.ts';
import type { Environment } from './environment.ts';
import { Execution, type Location, type Step } from './execution.ts';
import type { DialClass } from './numbering-plan.ts';
import type { Start } from './run-state.ts';

/** One line of what `route` prints. */
export interface TraceLine {
  /** Undefined for the end, which is nowhere. */
  readonly location?: Location;
  /** Empty for the end. */
  readonly application: string;
  /** Arguments expanded, secrets masked. */
  readonly args: string;
  /** What the application does or did, in a few words; empty if there is nothing to say. */
  readonly outcome: string;
}

/** How calls and questions to the outside are taken to go, since nobody is called. */
export interface Assumptions {
  readonly dialStatus?: DialStatus;
  readonly cause?: Cause;
  /** What `switch =>` answers. */
  readonly exists?: boolean;
  /** What the caller dials when digits are asked for. */
  readonly digits?: string;
  readonly caller?: Start['caller'];
  readonly channel?: string;
  /** What the caller may dial; everything unless told. */
  readonly service?: { readonly held: DialClass | undefined; readonly rules: ClassOfService };
}

const MAX_LINES = 500;

/**
 * Says what a dialled number would do, step by step, without calling anyone: Dial lists whom it would call and goes on
 * as if each of them had failed.
 */
export function traceRoute(
  dialplan: Dialplan,
  context: string,
  number: string,
  environment: Environment,
  assume: Assumptions = {},
): TraceLine[] {
  const lines: TraceLine[] = [];
  // Nothing that a trace sets stays set.
  const apart: Environment = {
    clock: environment.clock,
    random: environment.random,
    devices: (extension) => environment.devices(extension),
    deviceState: (device) => environment.deviceState(device),
    night: () => environment.night(),
    globals: new Map(environment.globals),
    database: new Map(environment.database ?? []),
    log: () => {},
  };
  const start: Start = {
    context,
    exten: number,
    priority: 1,
    ...(assume.caller === undefined ? {} : { caller: assume.caller }),
    ...(assume.channel === undefined ? {} : { channel: assume.channel }),
  };
  const execution = new Execution(dialplan, start, apart, ({ location, application, data, outcome }) => {
    const done =
      outcome === 'skipped'
        ? 'not available in this version: passed over'
        : outcome.type === 'perform'
          ? describe(outcome.action, location, assume)
          : '';
    if (lines.length < MAX_LINES) lines.push({ location, application, args: data, outcome: done });
  });
  let isElsewhere = false;
  for (;;) {
    const step = execution.next();
    if (step.type === 'end' || lines.length >= MAX_LINES) {
      const round = step.type === 'end' && step.reason !== 'endless-loop' ? undefined : circleOf(lines);
      if (round !== undefined) lines.splice(round.from + round.length);
      const stopped = round === undefined ? `stopped after ${MAX_LINES} steps` : 'and so on, round and round';
      lines.push({ application: '', args: '', outcome: step.type === 'end' ? endOf(step) : stopped });
      return lines;
    }
    const { action, location } = step;
    // A switch statement has no application that the tracer could have told of.
    if (action.type === 'remote-lookup') {
      lines.push({
        location,
        application: 'switch',
        args: action.peer.toString(),
        outcome: describe(action, location, assume),
      });
    } else if (isElsewhere && action.type === 'dial') {
      lines.push({
        location,
        application: 'Dial',
        args: action.targets.join('&'),
        outcome: describe(action, location, assume),
      });
    }
    isElsewhere = action.type === 'remote-lookup';
    execution.resume(assumed(action, assume));
  }
}

/** Where the lines begin to repeat themselves for good, and how many make a round; undefined if they do not. */
function circleOf(lines: readonly TraceLine[]): { readonly from: number; readonly length: number } | undefined {
  const keys = lines.map((line) => JSON.stringify(line));
  for (let length = 1; length <= keys.length / 3; length++) {
    let from = keys.length - length;
    while (from > 0 && keys[from - 1] === keys[from - 1 + length]) from--;
    if (keys.length - from >= 3 * length) return { from, length };
  }
  return undefined;
}

function endOf({ reason, cause }: Extract<Step, { type: 'end' }>): string {
  return `end: ${END[reason]}${cause === undefined ? '' : `, cause ${q850Of(cause)} (${causeText(cause)})`}`;
}

const END = {
  finished: 'no more priorities',
  'no-extension': 'no such extension',
  hangup: 'hung up',
  timeout: 'nothing was dialled in time',
  'endless-loop': 'the dialplan runs in circles',
} as const;

function describe(action: Action, location: Location, assume: Assumptions): string {
  switch (action.type) {
    case 'dial': {
      const targets = action.targets.map((target) => `${target}${missing(target, location, assume)}`).join(', ');
      const time = action.timeoutMs === undefined ? '' : ` for ${action.timeoutMs / 1000} s`;
      const refused = action.refused.map((reason) => `; ${reason}`).join('');
      return `calls ${targets}${time}${refused}; taken as ${assume.dialStatus ?? 'NOANSWER'}`;
    }
    case 'remote-lookup':
      return `asks for ${action.number}; taken as ${assume.exists === true ? 'known there' : 'unknown there'}`;
    case 'collect':
      return `waits ${action.firstMs / 1000} s for digits; taken as ${assume.digits === undefined ? 'none' : assume.digits}`;
    case 'call-forward':
      return action.number === null
        ? `calls are forwarded no more (${action.when})`
        : `forwards calls (${action.when}) to ${action.number}`;
    case 'park':
      return 'parks the caller';
    case 'parked-call':
      return action.space === '' ? 'retrieves who was parked first' : `retrieves who is parked in ${action.space}`;
    case 'do-not-disturb':
      return `do not disturb ${action.on === undefined ? 'on, or off where it is on' : action.on ? 'on' : 'off'}`;
    default:
      return '';
  }
}

function missing(target: DialTarget, location: Location, { service }: Assumptions): string {
  if (service === undefined) return '';
  const needed = classMissing(service.held, location, target, service.rules);
  return needed === undefined ? '' : ` (refused: class ${service.held}, the number is ${needed})`;
}

function assumed(action: Action, assume: Assumptions): ActionResult {
  switch (action.type) {
    case 'dial': {
      const dialStatus = assume.dialStatus ?? 'NOANSWER';
      return { dialStatus, cause: assume.cause ?? CAUSE[dialStatus] };
    }
    case 'remote-lookup':
      return { exists: assume.exists === true };
    case 'collect':
    case 'read':
      return { digits: assume.digits ?? '' };
    default:
      return {};
  }
}

const CAUSE: Readonly<Record<DialStatus, Cause>> = {
  ANSWER: 'normal-clearing',
  BUSY: 'user-busy',
  NOANSWER: 'no-answer',
  CHANUNAVAIL: 'destination-out-of-order',
  CONGESTION: 'no-circuit',
  CANCEL: 'normal-clearing',
};
