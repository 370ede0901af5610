import type { Frame } from './run.ts';

/** A name without the underscores that say who inherits the variable. */
function plainName(name: string): string {
  return name.replace(/^__?/, '');
}

/** The variables of a channel and of the subroutines that it is in. */
export class VariableStore {
  private readonly values = new Map<string, string>();
  /** Names that dialled channels inherit: `_X` once, `__X` for ever. */
  private readonly inheritance = new Map<string, 'once' | 'always'>();

  constructor(private readonly frames: readonly Frame[]) {}

  get(name: string): string | undefined {
    const plain = plainName(name);
    // A leading underscore says something when a variable is set; read with it, there is none.
    if (plain !== name) return undefined;
    return this.frames.at(-1)?.variables.get(name) ?? this.values.get(name);
  }

  set(name: string, value: string): void {
    const plain = plainName(name);
    const inherited = name.length - plain.length;
    if (inherited === 0) this.inheritance.delete(plain);
    else this.inheritance.set(plain, inherited === 1 ? 'once' : 'always');
    const local = this.frames.at(-1)?.variables;
    if (local?.has(plain)) local.set(plain, value);
    else this.values.set(plain, value);
  }

  setLocal(name: string, value: string): void {
    (this.frames.at(-1)?.variables ?? this.values).set(name, value);
  }

  delete(name: string): void {
    this.values.delete(name);
    this.inheritance.delete(name);
  }

  get size(): number {
    return this.values.size;
  }

  names(): Iterable<string> {
    return this.values.keys();
  }

  /** What a channel that this one dials begins with. */
  inherited(): Map<string, string> {
    const variables = new Map<string, string>();
    for (const [name, kind] of this.inheritance) {
      variables.set(kind === 'always' ? `__${name}` : name, this.values.get(name) ?? '');
    }
    return variables;
  }
}
