import type { Store } from './io/store.ts';
import type { Happening, Keeping } from './status/event.ts';

/** Tells outcomes as events, each once: one that a power cut came before is told by the next start, under the same id. */
export class ToldOnce {
  static async open(store: Store, file: string): Promise<ToldOnce> {
    return new ToldOnce(store, file, await store.read(file, (text) => JSON.parse(text) as unknown));
  }

  private constructor(
    private readonly store: Store,
    private readonly file: string,
    /** The id of the last outcome's event. */
    private told: unknown,
  ) {}

  /** Calls `tell` unless it was called for this id before; `isKept` has it remembered beyond this start. */
  tell(id: string, isKept: boolean, tell: (keeping: Keeping) => void): void {
    if (id === this.told) return;
    this.told = id;
    tell({ id, settled: () => void (!isKept || this.store.write(this.file, JSON.stringify(id))) });
  }
}

/** Hands a happening on, as `Service.tell` takes it. */
export type Tell = (happening: Happening, keeping?: Keeping) => void;
