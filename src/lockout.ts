import type { Configuration } from './config/load.ts';

/**
 * Why a configuration from head office would take the appliance out of somebody's hands for good, in one sentence: what is
 * done to it on the box itself alone. Undefined if it would not.
 *
 * @param local - that of the box itself; `running` is the one that the new one would replace
 */
export function lockout(next: Configuration, running: Configuration, local: Configuration): string | undefined {
  return siteLost(next, local) ?? headOfficeLost(next, running, local) ?? panelLost(next, running);
}

function siteLost({ site }: Configuration, local: Configuration): string | undefined {
  if (site.id === local.site.id) return undefined;
  return `site.id is ${site.id}, and this is ${local.site.id}; a site is renamed on the box itself`;
}

function headOfficeLost({ mqtt }: Configuration, running: Configuration, local: Configuration): string | undefined {
  if (mqtt?.provisioning === undefined) {
    return 'without mqtt.provisioning it could never be changed again; it is removed on the box itself';
  }
  const { publicKey } = mqtt.provisioning;
  if (publicKey !== local.mqtt?.provisioning?.publicKey) {
    return `mqtt.provisioning.publicKey is ${publicKey}, another one than on the box; a key is changed on the box itself`;
  }
  // Its own broker it would always reach: the trial would prove nothing.
  const becomesOwn = mqtt.embedded !== undefined && running.mqtt?.embedded === undefined;
  return becomesOwn
    ? 'with mqtt.embedded it would leave the broker of head office; that is done on the box itself'
    : undefined;
}

function panelLost(next: Configuration, running: Configuration): string | undefined {
  const names = Object.keys(running.web?.users ?? {});
  const kept = Object.keys(next.web?.users ?? {}).some((name) => names.includes(name));
  if (names.length === 0 || kept) return undefined;
  return `no user of the panel would be left of ${names.join(', ')}; keep one, or remove the last on the box itself`;
}
