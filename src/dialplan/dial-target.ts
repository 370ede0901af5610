import { maskSecrets } from './secret.ts';

export type DialTechnology = 'IAX2' | 'SIP' | 'LINE' | 'LOCAL';

/** One destination of Dial. It prints with its secret masked, in text and in JSON. */
export class DialTarget {
  /** `PJSIP` is SIP, `IAX` is IAX2. */
  readonly technology: DialTechnology;
  readonly #resource: string;
  readonly #secret: string | undefined;
  /** IAX2, SIP: the peer, phone, trunk or host. LINE: the line's port. LOCAL: empty. */
  readonly peer: string;
  /** Whom to say we are there, if the dial string says it. */
  readonly user: string | undefined;
  /** IAX2: the name of the key to sign with, `user:[key]@peer`. */
  readonly key: string | undefined;
  /** The number to ask for. */
  readonly number: string | undefined;
  /** IAX2: the context at the other end; LOCAL: ours. */
  readonly context: string | undefined;
  /** What follows a further slash: `a` auto-answer of IAX2, `n` of Local. */
  readonly flags: string;

  constructor(technology: DialTechnology, resource: string, parts: DialTargetParts) {
    this.technology = technology;
    this.#resource = resource;
    this.#secret = parts.secret;
    this.peer = parts.peer ?? '';
    this.user = parts.user;
    this.key = parts.key;
    this.number = parts.number;
    this.context = parts.context;
    this.flags = parts.flags ?? '';
  }

  /** What stands behind the technology's slash, secret included: for the dialler only. */
  get resource(): string {
    return this.#resource;
  }

  /** The secret in the dial string: for the dialler only. */
  get secret(): string | undefined {
    return this.#secret;
  }

  toString(): string {
    return maskSecrets(`${this.technology}/${this.#resource}`);
  }

  toJSON(): string {
    return this.toString();
  }
}

interface DialTargetParts {
  readonly peer?: string;
  readonly user?: string | undefined;
  readonly secret?: string | undefined;
  readonly key?: string | undefined;
  readonly number?: string | undefined;
  readonly context?: string | undefined;
  readonly flags?: string;
}

const TECHNOLOGIES: Readonly<Record<string, DialTechnology>> = {
  IAX2: 'IAX2',
  IAX: 'IAX2',
  SIP: 'SIP',
  PJSIP: 'SIP',
  LINE: 'LINE',
  LOCAL: 'LOCAL',
};

export const TECHNOLOGY_NAMES = ['IAX2', 'SIP', 'PJSIP', 'LINE', 'Local'];

/** The technology of a dial string, undefined for one that does not exist here. */
export function technologyOf(name: string): DialTechnology | undefined {
  return TECHNOLOGIES[name.trim().toUpperCase()];
}

/** Reads `IAX2/[user[:secret]@]peer/number[@context]`, `SIP/…`, `LINE/1`, `LINE/1r2`, `LINE/4/number`, `Local/number@context`. */
export function parseDialTarget(text: string): DialTarget | { readonly error: string } {
  const slash = text.indexOf('/');
  const name = slash < 0 ? text : text.slice(0, slash);
  const technology = technologyOf(name);
  if (slash < 0) return { error: `'${maskSecrets(text.trim())}' is not a dial string` };
  if (technology === undefined) return { error: `there is no technology '${name.trim()}'` };
  const resource = text.slice(slash + 1).trim();
  switch (technology) {
    case 'LINE':
      return parseLine(resource);
    case 'LOCAL':
      return parseLocal(resource);
    case 'IAX2':
      return parseIax2(resource);
    case 'SIP':
      return parseSip(resource);
  }
}

/** `1`, `1r2` with the second distinctive ring, or on a town line `4/number`. */
function parseLine(resource: string): DialTarget | { error: string } {
  const [, port, number] = /^(\d+)(?:r[1-4]|\/([0-9A-D*#]+))?$/.exec(resource) ?? [];
  return port === undefined
    ? { error: `LINE takes the number of a line, not '${resource}'` }
    : new DialTarget('LINE', resource, { peer: port, number });
}

function parseLocal(resource: string): DialTarget | { error: string } {
  const [, number, context, flags = ''] = /^([^@/]+)@([^/]+)(?:\/(.*))?$/.exec(resource) ?? [];
  if (number === undefined || context === undefined) return { error: 'Local takes number@context' };
  return new DialTarget('LOCAL', resource, { number, context, flags });
}

function parseIax2(resource: string): DialTarget | { error: string } {
  const [host = '', destination = '', flags = ''] = resource.split('/');
  const at = host.indexOf('@');
  const peer = host.slice(at + 1);
  if (peer === '') return { error: 'IAX2 takes [user[:secret]@]peer/number[@context]' };
  const [number = '', context] = destination.split('@');
  const credentials = at < 0 ? {} : parseCredentials(host.slice(0, at));
  return new DialTarget('IAX2', resource, {
    ...credentials,
    peer,
    number: number === '' ? undefined : number,
    context,
    flags,
  });
}

/** `user`, `user:secret`, `user:[key]` or `user:secret:[key]`. */
function parseCredentials(text: string): DialTargetParts {
  const [user = '', ...rest] = text.split(':');
  const last = rest.at(-1);
  const key = last !== undefined && /^\[.*\]$/.test(last) ? last.slice(1, -1) : undefined;
  const secret = (key === undefined ? rest : rest.slice(0, -1)).join(':');
  return { user, key, secret: secret === '' ? undefined : secret };
}

/** `phone`, `number@peer`, `peer/number`, `user:secret@host/number`, `peer/sip:uri`. */
function parseSip(resource: string): DialTarget | { error: string } {
  const slash = resource.indexOf('/');
  const first = slash < 0 ? resource : resource.slice(0, slash);
  const after = slash < 0 ? undefined : resource.slice(slash + 1);
  const at = first.lastIndexOf('@');
  const peer = first.slice(at + 1);
  if (peer === '') return { error: 'SIP takes phone, number@peer or peer/number' };
  if (at < 0) return new DialTarget('SIP', resource, { peer, number: after });
  const { user, secret } = parseCredentials(first.slice(0, at));
  // What stands before the @ is a number, unless a secret or a number behind the slash shows that it is a user.
  const isUser = secret !== undefined || after !== undefined;
  return new DialTarget('SIP', resource, isUser ? { peer, user, secret, number: after } : { peer, number: user });
}
