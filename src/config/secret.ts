/** What every secret prints as: in text, in JSON and in Node's inspector. */
export const MASK = '***';

const inspect = Symbol.for('nodejs.util.inspect.custom');

/** A secret's value. Only `reveal` gives it; whatever prints, logs or serialises the object gets `***`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect](): string {
    return MASK;
  }
}

/** Which half of a pair of RSA keys. */
export type KeyUse = 'public' | 'private';

/** Where a secret's value is. A literal is a secret already. */
export type SecretSource =
  | { readonly kind: 'literal'; readonly value: Secret }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'key'; readonly use: KeyUse; readonly path: string }
  | { readonly kind: 'sealed'; readonly box: Secret };

/** A secret as the document has it: not looked up yet. A class, so that nothing else can be taken for one. */
export class SecretReference {
  readonly source: SecretSource;

  constructor(source: SecretSource) {
    this.source = source;
  }
}

/** `T` with every secret looked up. */
export type Resolved<T> = T extends SecretReference
  ? Secret
  : T extends readonly (infer Item)[]
    ? readonly Resolved<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Resolved<T[Key]> }
      : T;

/** Where secrets outside the document come from; `io/` implements it. A failure is one sentence without the value. */
export interface SecretStore {
  env(name: string): string | undefined;
  /** `path` as the document has it; a relative one counts from the document's folder. */
  file(path: string): { readonly text: string } | { readonly failure: string };
  /** An RSA key that IAX2 can use, as PEM text. */
  key(path: string, use: KeyUse): { readonly text: string } | { readonly failure: string };
  /** What a box holds; `elsewhere` if there is no appliance's key here at all, so that nobody can tell. */
  open(box: string): { readonly text: string } | { readonly failure: string; readonly elsewhere?: true };
}
