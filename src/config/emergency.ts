import { EmergencyPlan } from '../emergency/plan.ts';
import type { Configuration } from './load.ts';
import type { ConfigurationInput } from './schema/configuration.ts';

type Part = Pick<ConfigurationInput | Configuration, 'site' | 'hat' | 'iax2' | 'sip' | 'emergency'>;

/** The emergency calls of a configuration: there also where it says nothing about them. */
export function emergencyPlan({ site, hat, iax2, sip, emergency }: Part): EmergencyPlan {
  const townLines = (hat?.lines ?? []).filter(({ kind }) => kind === 'fxo').map(({ port }) => `LINE/${port}`);
  const centres = Object.entries(iax2?.peers ?? {}).filter(
    ([, { type, register }]) => type !== 'user' && register !== undefined,
  );
  const notify = emergency?.notify ?? [];
  return new EmergencyPlan({
    country: site.country,
    numbers: emergency?.numbers ?? [],
    townLines,
    via: (emergency?.via ?? []).map((way) => ({ ...way, channel: way.channel.replace(/^PJSIP/, 'SIP') })),
    otherTrunks: [
      ...centres.map(([name]) => `IAX2/${name}`),
      ...Object.keys(sip?.trunks ?? {}).map((name) => `SIP/${name}`),
    ],
    notify: notify.filter((one) => one !== 'mqtt'),
  });
}

/** Where the calls of telephones enter the dialplan: those that the emergency lane looks at first. */
export function contextsOfTelephones({ hat, sip, iax2 }: Part): Set<string> {
  const lines = (hat?.lines ?? []).filter(({ kind }) => kind === 'fxs');
  const phones = Object.values(sip?.phones ?? {});
  const peers = Object.values(iax2?.peers ?? {}).filter(({ host, type }) => host === 'dynamic' || type === 'user');
  const adopted = sip?.adopt === undefined ? [] : [sip.adopt];
  return new Set([...lines, ...phones, ...adopted, ...peers].flatMap(({ context }) => context ?? []));
}
