import { dialStatusOf } from '../base/causes.ts';
import type { Action, ActionResult } from './action.ts';

/** The variables that an action leaves behind for the dialplan. */
export function resultVariables(action: Action, result: ActionResult): Record<string, string> {
  const variables: Record<string, string> = { ...result.variables };
  if (action.type === 'dial') {
    variables['DIALSTATUS'] = result.dialStatus ?? dialStatusOf(result.cause ?? 'normal-unspecified');
    variables['DIALEDTIME'] = seconds(result.dialedTimeS);
    variables['ANSWEREDTIME'] = seconds(result.answeredTimeS);
    variables['DIALEDPEERNAME'] = result.peerChannel ?? '';
    variables['DIALEDPEERNUMBER'] = result.peerNumber ?? '';
  } else if (action.type === 'read') {
    const { digits = '' } = result;
    variables['READSTATUS'] = digits === '' ? 'TIMEOUT' : 'OK';
    if (action.variable !== '') variables[action.variable] = digits;
  } else if (action.type === 'send-text')
    variables['SENDTEXTSTATUS'] ??= result.cause === undefined ? 'SUCCESS' : 'FAILURE';
  else if (action.type === 'playback')
    variables['PLAYBACKSTATUS'] ??= result.cause === undefined ? 'SUCCESS' : 'FAILED';
  return variables;
}

function seconds(value: number | undefined): string {
  return value === undefined ? '' : Math.round(value).toString();
}
