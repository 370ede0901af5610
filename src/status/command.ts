import { z } from 'zod';
import { VERSION_PATTERN } from '../base/version.ts';
import { issueText } from './issue-text.ts';
import { duration } from './probation.ts';
import { type Fault, openEnvelope, parseJson, type VerifySignature } from './signed.ts';
import { escapeLevel } from './topics.ts';

const id = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'an id of 1 to 64 letters, digits, "_", "." and "-"');
const revision = z.number().int().nonnegative();

/** What each verb takes besides `id`. */
export const commandSchemas = {
  restart: z.strictObject({}),
  reload: z.strictObject({}),
  identify: z.strictObject({ seconds: z.number().min(1).max(600).prefault(30) }),
  originate: z.strictObject({ from: z.string().min(1).max(64), to: z.string().min(1).max(64) }),
  hangup: z.strictObject({ call: z.string().min(1).max(64) }),
  capture: z.strictObject({
    action: z.enum(['start', 'stop']).prefault('start'),
    call: z.exactOptional(z.string().min(1).max(64)).describe('one call; all that passes without'),
    seconds: z.number().min(1).max(3_600).prefault(60),
    megabytes: z.number().min(0.1).max(100).prefault(20),
  }),
  confirm: z.strictObject({ revision: z.exactOptional(revision) }),
  rollback: z.strictObject({}),
  update: z.strictObject({
    url: z
      .url({ protocol: /^(?:https?|file)$/ })
      .max(2_048)
      .describe('where the archive of the release is: https:, http: or file:'),
    version: z.string().max(64).regex(VERSION_PATTERN),
    platform: z.string().max(32).describe('linux-arm64: operating system and processor as Node names them'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .describe('of the archive'),
    bytes: z.number().int().positive().max(1e9).describe('length of the archive'),
    allowOlder: z.boolean().prefault(false).describe('also a version below the one that runs'),
    confirmWithin: duration.prefault('5m').describe('how long the release is on trial'),
  }),
} as const;

export type Verb = keyof typeof commandSchemas;
export type Arguments<Name extends Verb> = z.output<(typeof commandSchemas)[Name]>;

/** A command that may be carried out. */
export type Command = {
  readonly [Name in Verb]: { readonly id: string; readonly verb: Name; readonly args: Arguments<Name> };
}[Verb];

export const answerSchema = z
  .object({
    id: z.string(),
    verb: z.string(),
    ok: z.boolean(),
    result: z.record(z.string(), z.unknown()).optional().describe('what it gave, if it did'),
    error: z.string().optional().describe('why not, in one sentence'),
  })
  .meta({ id: 'CommandAnswer' });

export type Answer = z.infer<typeof answerSchema>;

/**
 * Who may command: whoever the broker lets publish, or only who holds the signing key. Without that key nobody may give the
 * box another program.
 */
export type Authority =
  | { readonly kind: 'broker'; readonly verify?: VerifySignature }
  | { readonly kind: 'signed'; readonly verify: VerifySignature };

export interface Receiver {
  readonly site: string;
  readonly authority: Authority;
  readonly wallMs: number;
}

/** How far ahead a signed command may expire: what is captured cannot be played again next week. */
const MAX_LIFETIME_MS = 15 * 60_000;
const MAX_PAYLOAD = 64 * 1024;
/** Of a verb that somebody made up, no more is repeated. */
export const MAX_VERB = 40;

/** Reads what came on `cmd/<verb>`: a command, or why not, with the id to answer under when there is one. */
export function readCommand(
  verb: string,
  payload: string,
  receiver: Receiver,
): { readonly command: Command } | { readonly fault: Fault; readonly id?: string } {
  if (payload.length > MAX_PAYLOAD) return { fault: { path: '', message: 'it is too large for a command' } };
  const isSigned = receiver.authority.kind === 'signed' || verb === 'update';
  const opened = isSigned ? openSigned(verb, payload, receiver) : openPlain(payload);
  if ('fault' in opened) return { ...opened, ...answerableId(payload, receiver) };
  const { id: own, ...args } = opened.content;
  const parsedId = id.safeParse(own);
  if (!parsedId.success)
    return {
      fault: { path: 'id', message: 'a command needs an id: text of 1 to 64 letters, digits, "_", "." and "-"' },
    };
  if (!Object.hasOwn(commandSchemas, verb)) {
    const verbs = Object.keys(commandSchemas).join(', ');
    return {
      id: parsedId.data,
      fault: { path: '', message: `there is no command ${verb.slice(0, MAX_VERB)}; there are ${verbs}` },
    };
  }
  const parsed = commandSchemas[verb as Verb].safeParse(args, { error: issueText, reportInput: true });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { id: parsedId.data, fault: { path: issue?.path.join('.') ?? '', message: issue?.message ?? 'wrong' } };
  }
  return { command: { id: parsedId.data, verb, args: parsed.data } as Command };
}

/** Where anybody may ask, whoever lacks a signature is told so; where none but the operators may, strangers hear nothing. */
function answerableId(payload: string, { authority }: Receiver): { readonly id?: string } {
  const content = authority.kind === 'broker' ? parseJson(payload) : undefined;
  const own = isObject(content) ? id.safeParse(content['id']).data : undefined;
  return own === undefined ? {} : { id: own };
}

type Opened = { readonly content: Record<string, unknown> } | { readonly fault: Fault };

function openPlain(payload: string): Opened {
  const content = parseJson(payload);
  return isObject(content) ? { content } : { fault: { path: '', message: 'it is not a JSON object' } };
}

function openSigned(verb: string, payload: string, { site, authority, wallMs }: Receiver): Opened {
  if (authority.verify === undefined) {
    return { fault: { path: '', message: 'it takes a signature, and mqtt.provisioning.publicKey names no key here' } };
  }
  const opened = openEnvelope(payload, 'command', authority.verify);
  if ('fault' in opened) return opened;
  if (!isObject(opened.content)) return { fault: { path: 'document', message: 'what was signed is not an object' } };
  const { site: forSite, verb: forVerb, expires, ...content } = opened.content;
  if (forSite !== site) return { fault: { path: 'site', message: `it is not for ${site}` } };
  if (forVerb !== verb) return { fault: { path: 'verb', message: `it was signed as another command than ${verb}` } };
  const expiresMs = typeof expires === 'string' ? Date.parse(expires) : Number.NaN;
  if (!(expiresMs > wallMs)) return { fault: { path: 'expires', message: 'it has expired' } };
  if (expiresMs > wallMs + MAX_LIFETIME_MS) {
    return { fault: { path: 'expires', message: 'it may expire 15 minutes ahead at most' } };
  }
  return { content };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where an answer goes: where the asker wants it, unless that is where somebody takes orders; else `reply/<id>`. */
export function answerTopic(root: string, commandId: string, responseTopic: string | undefined): string {
  const isUsable =
    responseTopic !== undefined &&
    responseTopic.length <= 256 &&
    !/[+#\u0000]|^branchline\/[^/]*\/(cmd|config)\//.test(responseTopic);
  return isUsable ? responseTopic : `${root}reply/${escapeLevel(commandId)}`;
}

/** How many commands are remembered. */
const REMEMBERED = 256;

const notesSchema = z.array(z.object({ id: z.string(), verb: z.string(), answer: answerSchema.nullable() }));

/** Which commands were carried out, so that one that comes twice is done once and answered alike. */
export class CommandLedger {
  private readonly notes = new Map<string, { readonly verb: string; readonly answer: Answer | null }>();

  /** What `format` wrote, if it is that. */
  static parse(text: string): CommandLedger | undefined {
    const parsed = notesSchema.safeParse(parseJson(text));
    if (!parsed.success) return undefined;
    const ledger = new CommandLedger();
    for (const { id: known, verb, answer } of parsed.data) ledger.notes.set(known, { verb, answer });
    return ledger;
  }

  format(): string {
    return JSON.stringify([...this.notes].map(([known, note]) => ({ id: known, ...note })));
  }

  /** The answer to a command that came before; null while it is being done, or if it was interrupted. */
  find(known: string): { readonly verb: string; readonly answer: Answer | null } | undefined {
    return this.notes.get(known);
  }

  /** To be on the disk before the command is carried out: a command that restarts must not come again. */
  begin({ id: own, verb }: Command): void {
    this.notes.set(own, { verb, answer: null });
    const [oldest] = this.notes.keys();
    if (this.notes.size > REMEMBERED && oldest !== undefined) this.notes.delete(oldest);
  }

  finish(answer: Answer): void {
    if (this.notes.has(answer.id)) this.notes.set(answer.id, { verb: answer.verb, answer });
  }
}
