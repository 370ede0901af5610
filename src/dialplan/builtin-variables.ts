import type { RunState } from './run-state.ts';

/** Variables that the switch keeps. They cannot be set; whoever sets one sets a variable that nobody reads. */
const BUILTIN: Readonly<Record<string, (state: RunState) => string>> = {
  EXTEN: (state) => state.position.exten,
  CONTEXT: (state) => state.position.context,
  PRIORITY: (state) => state.position.priority.toString(),
  CHANNEL: (state) => state.channel.name,
  UNIQUEID: (state) => state.channel.uniqueId,
  HANGUPCAUSE: (state) => state.hangupCause.toString(),
  CALLINGPRES: (state) => state.channel.caller.presentation.toString(),
  CALLINGTON: (state) => state.channel.caller.typeOfNumber.toString(),
  CALLINGTNS: (state) => state.channel.caller.transitNetwork.toString(),
  CALLINGANI2: (state) => state.channel.caller.ani2.toString(),
  EPOCH: (state) => Math.floor(state.environment.clock.nowMs() / 1000).toString(),
  NIGHT: (state) => (state.environment.night() ? '1' : '0'),
  HINT: ({ dialplan, environment, position }) =>
    dialplan.hint(position.context, position.exten, { clock: environment.clock }) ?? '',
  // Names of Asterisk before 1.4, which old dialplans still have.
  CALLERIDNUM: (state) => state.channel.caller.number,
  CALLERIDNAME: (state) => state.channel.caller.name,
  DNID: (state) => state.channel.caller.dnid,
  LANGUAGE: (state) => state.channel.language,
};

export const BUILTIN_VARIABLES: readonly string[] = Object.keys(BUILTIN);

export function findVariable(name: string, state: RunState): string | undefined {
  return Object.hasOwn(BUILTIN, name) ? BUILTIN[name]!(state) : undefined;
}
