import { splitOutside } from './grammar.ts';

/** Names as they are written, with the compact form where there is one. */
const NAMES: readonly (readonly [name: string, compact?: string])[] = [
  ['Accept'],
  ['Accept-Contact', 'a'],
  ['Accept-Encoding'],
  ['Accept-Language'],
  ['Alert-Info'],
  ['Allow'],
  ['Allow-Events', 'u'],
  ['Authentication-Info'],
  ['Authorization'],
  ['Call-ID', 'i'],
  ['Call-Info'],
  ['Contact', 'm'],
  ['Content-Disposition'],
  ['Content-Encoding', 'e'],
  ['Content-Language'],
  ['Content-Length', 'l'],
  ['Content-Type', 'c'],
  ['CSeq'],
  ['Date'],
  ['Diversion'],
  ['Error-Info'],
  ['Event', 'o'],
  ['Expires'],
  ['Flow-Timer'],
  ['From', 'f'],
  ['History-Info'],
  ['Identity', 'y'],
  ['Identity-Info', 'n'],
  ['In-Reply-To'],
  ['Max-Forwards'],
  ['Min-Expires'],
  ['Min-SE'],
  ['MIME-Version'],
  ['Organization'],
  ['P-Asserted-Identity'],
  ['P-Preferred-Identity'],
  ['Path'],
  ['Privacy'],
  ['Proxy-Authenticate'],
  ['Proxy-Authorization'],
  ['Proxy-Require'],
  ['RAck'],
  ['Reason'],
  ['Record-Route'],
  ['Refer-Sub'],
  ['Refer-To', 'r'],
  ['Referred-By', 'b'],
  ['Reject-Contact', 'j'],
  ['Remote-Party-ID'],
  ['Replaces'],
  ['Reply-To'],
  ['Request-Disposition', 'd'],
  ['Require'],
  ['Retry-After'],
  ['Route'],
  ['RSeq'],
  ['Server'],
  ['Service-Route'],
  ['Session-Expires', 'x'],
  ['Subject', 's'],
  ['Subscription-State'],
  ['Supported', 'k'],
  ['Timestamp'],
  ['To', 't'],
  ['Unsupported'],
  ['User-Agent'],
  ['Via', 'v'],
  ['Warning'],
  ['WWW-Authenticate'],
];

const CANONICAL = new Map<string, string>();
for (const [name, compact] of NAMES) {
  CANONICAL.set(name.toLowerCase(), name);
  if (compact !== undefined) CANONICAL.set(compact, name);
}

/** The one spelling of a name, compact or in any case; a name that we do not know stays as it is. [RFC3261 §7.3.3] */
export function canonicalName(name: string): string {
  return CANONICAL.get(name.toLowerCase()) ?? name;
}

/**
 * Header fields in their order, values as text; what a value means is read when somebody asks (`contactsOf`, `routesOf`,
 * …). Names are found in any case and in compact form.
 */
export class HeaderFields implements Iterable<readonly [name: string, value: string]> {
  private fields: (readonly [name: string, value: string])[];

  constructor(fields: Iterable<readonly [name: string, value: string]> = []) {
    this.fields = [...fields].map(([name, value]) => [canonicalName(name), value] as const);
  }

  /** The first value. */
  get(name: string): string | undefined {
    const key = canonicalName(name).toLowerCase();
    return this.fields.find(([other]) => other.toLowerCase() === key)?.[1];
  }

  /** Each header field of that name, commas and all: for what must not be split, such as Authorization. */
  all(name: string): string[] {
    const key = canonicalName(name).toLowerCase();
    return this.fields.filter(([other]) => other.toLowerCase() === key).map(([, value]) => value);
  }

  /** All elements of a list, whether written with commas or as header fields of their own. [RFC3261 §7.3.1] */
  list(name: string): string[] {
    return this.all(name).flatMap((value) => splitOutside(value, ','));
  }

  /** The elements of a list of words, empty ones left out. */
  words(name: string): string[] {
    return this.list(name).filter((word) => word !== '');
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  add(name: string, value: string): this {
    this.fields.push([canonicalName(name), value]);
    return this;
  }

  /** Puts one value in the place of all that had this name. */
  set(name: string, value: string): this {
    return this.delete(name).add(name, value);
  }

  delete(name: string): this {
    const key = canonicalName(name).toLowerCase();
    this.fields = this.fields.filter(([other]) => other.toLowerCase() !== key);
    return this;
  }

  get size(): number {
    return this.fields.length;
  }

  [Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    return this.fields[Symbol.iterator]();
  }
}
