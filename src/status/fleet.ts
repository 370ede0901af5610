import { base64Decode } from '../base/base64.ts';
import { utf8Decode } from '../base/bytes.ts';
import { desiredSchema, type Reported, reportedSchema } from './provisioning-record.ts';
import { presenceSchema, topicSchemas } from './schema.ts';
import { envelopeSchema, formatFaults, parseJson } from './signed.ts';
import { type UpdateReported, updateReportedSchema } from './updating.ts';

/** One appliance as its retained topics show it. */
export interface FleetSite {
  readonly site: string;
  /** Undefined when it never said. */
  readonly state: 'online' | 'offline' | undefined;
  readonly since: string | undefined;
  readonly version: string | undefined;
  /** Base64 of the key that secrets for it are sealed with. */
  readonly sealingKey: string | undefined;
  readonly trunks: { readonly reached: number; readonly all: number };
  readonly lines: { readonly inUse: number; readonly all: number };
  readonly reported: Reported | undefined;
  /** How far its last update has come. */
  readonly update: UpdateReported | undefined;
  /** The configuration that stands on `config/desired`, and its revision. */
  readonly desired: { readonly revision: number; readonly config: string } | undefined;
}

interface Seen {
  readonly topics: Map<string, unknown>;
  /** Made of them when it is asked for. */
  picture: FleetSite | undefined;
}

/** What is subscribed to for the picture of all sites, or of one. */
export function fleetFilters(site = '+'): string[] {
  return ['state', 'health', 'trunks/+', 'lines/+', 'config/+', 'update/+'].map(
    (topic) => `branchline/${site}/${topic}`,
  );
}

/** Makes a picture of all appliances of what their topics say; whatever is no such message is passed over. */
export class Fleet {
  private readonly sites = new Map<string, Seen>();

  /** The site that changed, if the message was one of an appliance. */
  handleMessage(topic: string, payload: string): string | undefined {
    const [, site, name] = /^branchline\/([a-z0-9-]{1,40})\/(.+)$/.exec(topic) ?? [];
    if (site === undefined || name === undefined) return undefined;
    const seen = this.sites.get(site) ?? { topics: new Map<string, unknown>(), picture: undefined };
    seen.picture = undefined;
    if (payload === '') seen.topics.delete(name);
    else seen.topics.set(name, parseJson(payload));
    if (seen.topics.size === 0) this.sites.delete(site);
    else this.sites.set(site, seen);
    return site;
  }

  /** Every site by its name. */
  list(): FleetSite[] {
    return [...this.sites.keys()].sort().flatMap((site) => this.find(site) ?? []);
  }

  find(site: string): FleetSite | undefined {
    const seen = this.sites.get(site);
    if (seen !== undefined) seen.picture ??= pictureOf(site, seen.topics);
    return seen?.picture;
  }

  /** Everything retained of a site, by topic. */
  topicsOf(site: string): Record<string, unknown> {
    return Object.fromEntries([...(this.sites.get(site)?.topics ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function pictureOf(site: string, topics: ReadonlyMap<string, unknown>): FleetSite {
  const presence = presenceSchema.safeParse(topics.get('state')).data;
  const health = topicSchemas.health.safeParse(topics.get('health')).data;
  const trunks = [...under(topics, 'trunks/')].flatMap((body) => topicSchemas['trunks/+'].safeParse(body).data ?? []);
  const lines = [...under(topics, 'lines/')].flatMap((body) => topicSchemas['lines/+'].safeParse(body).data ?? []);
  const reached = trunks.filter((trunk) => trunk.reachable ?? trunk.registration?.state === 'registered');
  return {
    site,
    state: presence?.state,
    since: presence?.at,
    version: health?.version,
    sealingKey: health?.sealingKey ?? undefined,
    trunks: { reached: reached.length, all: trunks.length },
    lines: {
      inUse: lines.filter(({ state }) => state !== 'idle' && state !== 'out-of-service').length,
      all: lines.length,
    },
    reported: reportedSchema.safeParse(topics.get('config/reported')).data,
    update: updateReportedSchema.safeParse(topics.get('update/reported')).data,
    desired: desiredOf(topics.get('config/desired')),
  };
}

function* under(topics: ReadonlyMap<string, unknown>, prefix: string): Generator<unknown> {
  for (const [topic, body] of topics) if (topic.startsWith(prefix)) yield body;
}

/** Reads it without checking the signature: only an appliance need trust it. */
function desiredOf(body: unknown): FleetSite['desired'] {
  const envelope = envelopeSchema.safeParse(body).data;
  const bytes = envelope === undefined ? undefined : base64Decode(envelope.document);
  const document = bytes === undefined ? undefined : desiredSchema.safeParse(parseJson(utf8Decode(bytes))).data;
  return document === undefined ? undefined : { revision: document.revision, config: document.config };
}

/** What is pushed to one site, and where that stands. */
export interface Push {
  readonly site: string;
  readonly revision: number;
}

export type PushResult = {
  readonly site: string;
  /** `not-sent`: the broker did not take it; `no-answer`: no report came in time. */
  readonly outcome: Reported['state'] | 'no-answer' | 'not-sent';
  readonly why: string;
};

/** How a push ended at a site, once its report says so; `pending-confirm` is no end unless an operator is waited for. */
export function resultOf(
  { site, revision }: Push,
  reported: Reported | undefined,
  waitsForOperator: boolean,
): PushResult | undefined {
  if (reported === undefined || reported.revision !== revision) return undefined;
  if (reported.state === 'pending-confirm' && !waitsForOperator) return undefined;
  return { site, outcome: reported.state, why: formatFaults(reported.errors) };
}

export type UpdateResult = { readonly site: string; readonly outcome: UpdateReported['state']; readonly why: string };

/** How an update ended at a site, once the report on the command of that id says so. */
export function updateResultOf(
  site: string,
  id: string,
  reported: UpdateReported | undefined,
): UpdateResult | undefined {
  if (reported === undefined || reported.id !== id || !UPDATE_ENDS.has(reported.state)) return undefined;
  return { site, outcome: reported.state, why: formatFaults(reported.errors) };
}

const UPDATE_ENDS: ReadonlySet<UpdateReported['state']> = new Set(['applied', 'rejected', 'rolled-back']);

/** Sites in the order in which they get a document: a few first, then so many at a time. */
export function rollout(sites: readonly string[], canary: number, batch: number): string[][] {
  const groups: string[][] = canary > 0 ? [sites.slice(0, canary)] : [];
  for (let at = canary; at < sites.length; at += batch) groups.push(sites.slice(at, at + batch));
  return groups.filter((group) => group.length > 0);
}

/**
 * Fills `{{name}}` of a template with the values of a site; `{{site}}` is its id. Gives the names that have no value instead
 * when there are any.
 */
export function fillTemplate(
  template: string,
  values: Readonly<Record<string, string>>,
): { readonly text: string } | { readonly missing: readonly string[] } {
  const missing = new Set<string>();
  const text = template.replace(/\{\{\s*([A-Za-z_][\w-]*)\s*\}\}/g, (whole, name: string) => {
    if (Object.hasOwn(values, name)) return values[name]!;
    missing.add(name);
    return whole;
  });
  return missing.size > 0 ? { missing: [...missing] } : { text };
}
