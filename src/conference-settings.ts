import type { Configuration } from './config/load.ts';
import type { Secret } from './config/secret.ts';
import type { RoomSettings } from './switch/conference.ts';

/** The configured conferences by their number. */
export function conferenceSettings({ conferences }: Configuration): ReadonlyMap<string, RoomSettings> {
  return new Map(
    Object.entries(conferences).map(([number, { pin, leaderPin, ...settings }]) => [
      number,
      { ...settings, isPin: judge(pin), isLeaderPin: judge(leaderPin) },
    ]),
  );
}

function judge(pin: Secret | undefined): ((digits: string) => boolean) | undefined {
  return pin === undefined ? undefined : (digits) => digits === pin.reveal();
}
