/** A machine inside a larger one, as an agenda knows it. */
export interface Scheduled {
  nextDeadline(): number | undefined;
}

interface Entry<T> {
  readonly atMs: number;
  /** Undefined where another entry stands for it, or none. */
  item: T | undefined;
}

/**
 * Which of many machines is due next, without asking all of them: a binary heap of deadlines. An entry may be stale,
 * because a machine's deadline moves with every input; it is checked against the machine when it comes up.
 *
 * Rule: call `touch` after every input to a machine, and `remove` when it is over: its entry may lie far ahead, and
 * would keep it until then.
 */
export class Agenda<T extends Scheduled> {
  private readonly heap: Entry<T>[] = [];
  /** The entry of each item that is in the heap: a later one need not be added. */
  private readonly entered = new Map<T, Entry<T>>();

  touch(item: T): void {
    const atMs = item.nextDeadline();
    if (atMs === undefined) return;
    const known = this.entered.get(item);
    if (known !== undefined && known.atMs <= atMs) return;
    if (known !== undefined) known.item = undefined;
    const entry = { atMs, item };
    this.entered.set(item, entry);
    this.push(entry);
  }

  /** Lets go of a machine that is over. */
  remove(item: T): void {
    const entry = this.entered.get(item);
    if (entry !== undefined) entry.item = undefined;
    this.entered.delete(item);
  }

  /** The earliest deadline. */
  next(): number | undefined {
    this.settle();
    return this.heap[0]?.atMs;
  }

  /** Takes one machine that is due; the caller gives it its timeout and touches it again. */
  take(nowMs: number): T | undefined {
    this.settle();
    const first = this.heap[0];
    if (first === undefined || first.atMs > nowMs) return undefined;
    this.pop();
    if (first.item !== undefined) this.entered.delete(first.item);
    return first.item;
  }

  /** Brings an entry that is right to the top: stale ones are dropped or put where they belong. */
  private settle(): void {
    for (let first = this.heap[0]; first !== undefined; first = this.heap[0]) {
      const { item } = first;
      if (item?.nextDeadline() === first.atMs) return;
      this.pop();
      if (item === undefined) continue;
      this.entered.delete(item);
      this.touch(item);
    }
  }

  private push(entry: Entry<T>): void {
    const heap = this.heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.atMs <= heap[at]!.atMs) break;
      [heap[parent], heap[at]] = [heap[at]!, heap[parent]!];
      at = parent;
    }
  }

  private pop(): void {
    const heap = this.heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (left < heap.length && heap[left]!.atMs < heap[least]!.atMs) least = left;
      if (right < heap.length && heap[right]!.atMs < heap[least]!.atMs) least = right;
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
}
