import { type Context, Dialplan } from '../dialplan/dialplan.ts';
import { parseDialplan } from '../dialplan/parse.ts';
import type { ConfigurationInput } from './schema/configuration.ts';

/** The context that every telephone's own includes last, so that what is written there wins. */
const CONTEXT = 'branchline-numbers';
/** How long a group rings. */
const RING_S = 60;

/** The dialplan with the numbers that other sections of the configuration give a meaning: conferences and groups. */
export function withNumbers(dialplan: Dialplan, config: ConfigurationInput): Dialplan {
  const extensions = [
    ...Object.keys(config.conferences).map((number) => `exten => ${number},1,ConfBridge(${number})`),
    ...Object.entries(config.groups).map(([number, members]) => {
      const devices = members.map((member) => `\${DEVICE(${member})}`).join('&');
      return `exten => ${number},1,Dial(${devices},${RING_S})`;
    }),
  ];
  if (extensions.length === 0) return dialplan;
  const own = parseDialplan(`[${CONTEXT}]\n${extensions.join('\n')}\n`).dialplan.contexts.get(CONTEXT);
  if (own === undefined) return dialplan;
  const contexts = new Map<string, Context>([...dialplan.contexts, [CONTEXT, own]]);
  for (const name of telephoneContexts(config)) {
    const context = contexts.get(name) ?? { ...own, name, extensions: [] };
    const { line, column } = context;
    const include = { context: CONTEXT, when: undefined, line, column };
    contexts.set(name, { ...context, includes: [...context.includes, include] });
  }
  return new Dialplan(contexts, dialplan.globals, dialplan.settings);
}

/** Where calls of telephones enter the dialplan. */
function telephoneContexts({ hat, sip }: ConfigurationInput): Set<string> {
  const telephones = [
    ...(hat?.lines ?? []).filter(({ kind }) => kind === 'fxs'),
    ...Object.values(sip?.phones ?? {}),
    ...(sip?.adopt === undefined ? [] : [sip.adopt]),
  ];
  return new Set(telephones.map(({ context = 'default' }) => context));
}
