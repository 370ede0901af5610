import type { Configuration } from './config/load.ts';

/**
 * Why a configuration from head office or the panel would take the appliance out of somebody's hands for good, in one sentence:
 * what is done to it in the file on the box alone. Undefined if it would not.
 *
 * @param local - that of the box itself; `running` is the one that the new one would replace
 */
export function lockout(next: Configuration, running: Configuration, local: Configuration): string | undefined {
  return siteLost(next, local) ?? headOfficeLost(next, running, local) ?? panelLost(next, running);
}

function siteLost({ site }: Configuration, local: Configuration): string | undefined {
  if (site.id === local.site.id) return undefined;
  return `site.id is ${site.id}, and this is ${local.site.id}; a site is renamed on the box itself, in its file`;
}

function headOfficeLost({ mqtt }: Configuration, running: Configuration, local: Configuration): string | undefined {
  const trusted = local.mqtt?.provisioning?.publicKey;
  const publicKey = mqtt?.provisioning?.publicKey;
  if (publicKey === undefined && trusted !== undefined) {
    return 'without mqtt.provisioning it could never be changed again from afar; it is removed on the box itself, in its file';
  }
  if (publicKey !== trusted) {
    return `mqtt.provisioning.publicKey is ${publicKey}, another one than on the box; a key is changed on the box itself, in its file`;
  }
  if (mqtt === undefined || trusted === undefined) return undefined;
  // Its own broker it would always reach: the trial would prove nothing.
  const becomesOwn = mqtt.embedded !== undefined && running.mqtt?.embedded === undefined;
  return becomesOwn
    ? 'with mqtt.embedded it would leave the broker of head office; that is done on the box itself, in its file'
    : undefined;
}

function panelLost(next: Configuration, running: Configuration): string | undefined {
  const names = Object.keys(running.web?.users ?? {});
  const kept = Object.keys(next.web?.users ?? {}).some((name) => names.includes(name));
  if (names.length === 0 || kept) return undefined;
  return `no user of the panel would be left of ${names.join(', ')}; keep one, or remove the last on the box itself, in its file`;
}
