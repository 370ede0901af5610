import { SeededRandom } from '../../../src/base/random.ts';
import type { Action, ActionResult } from '../../../src/dialplan/action.ts';
import type { Dialplan } from '../../../src/dialplan/dialplan.ts';
import type { Environment } from '../../../src/dialplan/environment.ts';
import { Execution } from '../../../src/dialplan/execution.ts';
import { parseDialplan } from '../../../src/dialplan/parse.ts';
import type { EndReason } from '../../../src/dialplan/run.ts';
import type { Start } from '../../../src/dialplan/run-state.ts';

/** 2023-11-14T22:13:20Z, a Tuesday. */
export const NOW_MS = 1_700_000_000_000;

const OFFSETS: Readonly<Record<string, number>> = { UTC: 0, 'Europe/Paris': 60, 'America/New_York': -300 };

export interface TestEnvironment extends Environment {
  readonly printed: string[];
  nowMs: number;
}

export function testEnvironment(overrides: Partial<Environment> & { offsetMinutes?: number } = {}): TestEnvironment {
  const { offsetMinutes = 0, ...rest } = overrides;
  const environment: TestEnvironment = {
    nowMs: NOW_MS,
    printed: [],
    clock: {
      nowMs: () => environment.nowMs,
      utcOffsetMinutes: (_, zone) => (zone === undefined ? offsetMinutes : OFFSETS[zone]),
    },
    random: new SeededRandom(1),
    globals: new Map(),
    database: new Map(),
    devices: (number) => (number === '201' ? ['LINE/1', 'SIP/201'] : []),
    deviceState: () => 'UNKNOWN',
    night: () => false,
    log: (level, message) => environment.printed.push(`${level}: ${message}`),
    ...rest,
  };
  return environment;
}

/** A dialplan that must be free of errors. */
export function load(text: string): Dialplan {
  const { dialplan, problems } = parseDialplan(text);
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  return dialplan;
}

export interface Ran {
  readonly actions: readonly Action[];
  readonly path: readonly string[];
  readonly end: { readonly reason: EndReason; readonly cause?: string };
  readonly execution: Execution;
}

/** Runs a number to its end; `answers` say what comes of each action, by order; nothing when they run out. */
export function run(
  dialplan: Dialplan | string,
  start: Partial<Start>,
  answers: readonly ActionResult[] = [],
  environment: Environment = testEnvironment(),
): Ran {
  const actions: Action[] = [];
  const path: string[] = [];
  const execution = new Execution(
    typeof dialplan === 'string' ? load(dialplan) : dialplan,
    { context: 'a', exten: '1', priority: 1, ...start },
    environment,
    ({ location: { exten, context, priority }, application, data }) =>
      path.push(`${exten}@${context}:${priority}:${application}(${data})`),
  );
  for (let step = execution.next(); ; step = execution.next()) {
    if (step.type === 'end') {
      const { reason, cause } = step;
      return { actions, path, execution, end: { reason, ...(cause === undefined ? {} : { cause }) } };
    }
    actions.push(step.action);
    execution.resume(answers[actions.length - 1] ?? {});
  }
}
