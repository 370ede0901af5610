import { type Happened, happened } from './appliance-output.ts';
import { causeText } from './base/causes.ts';
import type { NumberLookup } from './base/digit-collection.ts';
import type { EmergencyLookup } from './emergency/plan.ts';
import type { EmergencyNews } from './switch/emergency-desk.ts';

/** Emergency numbers are numbers in every context, whatever its dialplan has. */
export function withEmergency(found: NumberLookup, { match, canGrow }: EmergencyLookup): NumberLookup {
  if (match === undefined && !canGrow) return found;
  return {
    ...found,
    exists: found.exists || match !== undefined,
    canExist: true,
    matchMore: found.matchMore || canGrow,
    emergency: match === undefined ? 'beginning' : 'number',
  };
}

/** What is told of an emergency call: to the log, on MQTT. */
export function emergencyHappening(news: EmergencyNews): Happened {
  const { what, id, number, isTest, from, telephone, way, callerId, cause } = news;
  const severity = isTest ? 'info' : what === 'no-way' ? 'error' : 'warn';
  return happened('emergency', what, severity, `${isTest ? 'Test: ' : ''}${sentence(news)}`, {
    call: id,
    number,
    test: isTest,
    extension: from.number,
    name: from.name,
    telephone,
    ...(way === null ? {} : { way }),
    ...(callerId === null ? {} : { callerId }),
    ...(cause === null ? {} : { cause }),
  });
}

function sentence({ what, number, from, telephone, way, callerId, cause }: EmergencyNews): string {
  const who = `${telephone} (${from.number})`;
  switch (what) {
    case 'placed':
      return `${who} calls the emergency number ${number}.`;
    case 'way-failed':
      return `The emergency call of ${who} did not get out on ${way}: ${cause === null ? '' : causeText(cause)}.`;
    case 'connected':
      return `The emergency call of ${who} is connected on ${way}, as ${callerId}.`;
    case 'no-way':
      return `No way leads out for the emergency call of ${who}; every way is tried again until it hangs up.`;
    case 'ended':
      return `The emergency call of ${who} is over.`;
    case 'callback':
      return `A call on ${way} within 30 minutes of an emergency call rings the telephone that made it, ${telephone}.`;
  }
}
