import { isToken, splitOutside } from './grammar.ts';

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
  return SPELLED.has(name) ? name : (CANONICAL.get(name.toLowerCase()) ?? name);
}

/** Names as we write them, which is how they mostly come. */
const SPELLED = new Set(NAMES.map(([name]) => name));

/** Whether it can be the name of a header field. */
export function isFieldName(name: string): boolean {
  return SPELLED.has(name) || isToken(name);
}

interface Field {
  /** By which it is found: the canonical name, or in lower case one that we do not know. */
  readonly key: string;
  readonly name: string;
  readonly value: string;
}

function keyOf(name: string): string {
  if (SPELLED.has(name)) return name;
  const lower = name.toLowerCase();
  return CANONICAL.get(lower) ?? lower;
}

/**
 * Header fields in their order, values as text; what a value means is read when somebody asks (`contactsOf`,
 * `addressesOf`, …). Names are found in any case and in compact form.
 */
export class HeaderFields implements Iterable<readonly [name: string, value: string]> {
  private fields: Field[] = [];

  constructor(fields: Iterable<readonly [name: string, value: string]> = []) {
    for (const [name, value] of fields) this.add(name, value);
  }

  /** The first value. */
  get(name: string): string | undefined {
    const key = keyOf(name);
    for (const field of this.fields) if (field.key === key) return field.value;
    return undefined;
  }

  /** How many header fields have that name. */
  count(name: string): number {
    const key = keyOf(name);
    let count = 0;
    for (const field of this.fields) if (field.key === key) count++;
    return count;
  }

  /** Each header field of that name, commas and all: for what must not be split, such as Authorization. */
  all(name: string): string[] {
    const key = keyOf(name);
    const values: string[] = [];
    for (const field of this.fields) if (field.key === key) values.push(field.value);
    return values;
  }

  /** All elements of a list, whether written with commas or as header fields of their own. [RFC3261 §7.3.1] */
  list(name: string): string[] {
    const key = keyOf(name);
    const elements: string[] = [];
    for (const field of this.fields) if (field.key === key) elements.push(...splitOutside(field.value, ','));
    return elements;
  }

  /** The elements of a list of words, empty ones left out. */
  words(name: string): string[] {
    return this.list(name).filter((word) => word !== '');
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  add(name: string, value: string): this {
    const key = keyOf(name);
    this.fields.push({ key, name: SPELLED.has(key) ? key : name, value });
    return this;
  }

  /** A copy that lacks those; `names` in the spelling of `canonicalName`. */
  without(names: ReadonlySet<string>): HeaderFields {
    const copy = new HeaderFields();
    copy.fields = this.fields.filter(({ key }) => !names.has(key));
    return copy;
  }

  /** Puts one value in the place of all that had this name. */
  set(name: string, value: string): this {
    return this.delete(name).add(name, value);
  }

  delete(name: string): this {
    const key = keyOf(name);
    this.fields = this.fields.filter((field) => field.key !== key);
    return this;
  }

  get size(): number {
    return this.fields.length;
  }

  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    for (const { name, value } of this.fields) yield [name, value];
  }
}
