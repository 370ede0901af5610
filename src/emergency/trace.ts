import type { EmergencyPlan } from './plan.ts';

/** One way that an emergency call would take, in the form of a line of `route`. */
export interface EmergencyStep {
  readonly application: string;
  readonly args: string;
  readonly outcome: string;
}

/** What a number dialled on a telephone of the office does in the emergency lane; undefined if it is no number of it. */
export function traceEmergency(
  plan: EmergencyPlan,
  digits: string,
  prefixes: readonly string[],
): EmergencyStep[] | undefined {
  const { match } = plan.lookUp(digits, prefixes);
  if (match === undefined) return undefined;
  const steps = plan.ways.map(({ channel, callerId }) => ({
    application: 'Emergency',
    args: `${channel}/${match.number}`,
    outcome: channel.startsWith('LINE/')
      ? `calls the town line${match.isTest ? '' : '; if every town line is in use, one is taken over'}`
      : `calls as ${callerId ?? 'the number of the telephone'}`,
  }));
  const end =
    steps.length === 0 ? 'no way leads out' : 'the ways are tried again until one answers or the caller hangs up';
  return [
    ...steps,
    { application: '', args: '', outcome: `${match.isTest ? 'test of ' : ''}an emergency call: ${end}` },
  ];
}
