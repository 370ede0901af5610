import type { ApplianceOptions, LiveSettings } from './appliance-options.ts';
import { conferenceSettings } from './conference-settings.ts';
import { dialClasses } from './config/dial-classes.ts';
import { emergencyPlan } from './config/emergency.ts';
import type { Configuration } from './config/load.ts';
import { telephoneFeatures } from './config/telephones.ts';
import type { Dialplan } from './dialplan/dialplan.ts';
import { iax2Peers } from './iax2-peers.ts';
import { lineSettings, townLineSettings } from './line-settings.ts';

/** What a configuration says of what may change while calls stand; phones and trunks of SIP are in `sipSettings`. */
export function liveSettings(
  configuration: Configuration,
  dialplan: Dialplan,
): LiveSettings & Pick<ApplianceOptions, 'lines'> {
  return {
    dialplan,
    emergency: emergencyPlan(configuration),
    dialClasses: dialClasses(configuration),
    telephones: telephoneFeatures(configuration),
    conferences: conferenceSettings(configuration),
    peers: iax2Peers(configuration),
    lines: lineSettings(configuration),
    townLines: townLineSettings(configuration),
    ...(configuration.hours === undefined ? {} : { hours: configuration.hours }),
  };
}

/** Whether a change of this key takes effect without another start. */
export function isLive(path: string): boolean {
  return /^(?:dialplan|conferences|groups|features|hours|emergency|iax2\.peers|sip\.phones|sip\.trunks|sip\.adopt|mqtt|web\.users|hat\.lines\[\d+\]\.(?:class|flash|callWaiting|extension|name|context))\b/.test(
    path,
  );
}
