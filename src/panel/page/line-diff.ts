/** A line of two texts laid beside each other; `gap`: lines that are the same and far from any change. */
export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed' | 'gap';
  readonly text: string;
}

/** Lines around a change that are shown. */
const CONTEXT = 2;
/** Texts that differ in more lines than this each are shown one after the other. */
const MAX_LINES = 1_000;

/** What differs between two texts, line by line, the longest part that they share in the order of both. */
export function lineDiff(before: string, after: string): DiffLine[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  const same = (lines: readonly string[]): DiffLine[] => lines.map((text) => ({ kind: 'same', text }));
  return collapsed([
    ...same(old.slice(0, head)),
    ...middle(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...same(old.slice(old.length - tail)),
  ]);
}

function middle(old: readonly string[], now: readonly string[]): DiffLine[] {
  const lines: DiffLine[] = [];
  const removed = (text: string) => void lines.push({ kind: 'removed', text });
  const added = (text: string) => void lines.push({ kind: 'added', text });
  let [i, j] = [0, 0];
  if (old.length <= MAX_LINES && now.length <= MAX_LINES) {
    const shared = sharedLengths(old, now);
    while (i < old.length && j < now.length) {
      if (old[i] === now[j]) {
        lines.push({ kind: 'same', text: old[i++]! });
        j++;
      } else if (shared(i + 1, j) >= shared(i, j + 1)) removed(old[i++]!);
      else added(now[j++]!);
    }
  }
  for (const text of old.slice(i)) removed(text);
  for (const text of now.slice(j)) added(text);
  return lines;
}

/** How many lines the rests of two texts share at most, from each line of both. */
function sharedLengths(old: readonly string[], now: readonly string[]): (i: number, j: number) => number {
  const width = now.length + 1;
  const table = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--) {
      const further = Math.max(table[(i + 1) * width + j]!, table[i * width + j + 1]!);
      table[i * width + j] = old[i] === now[j] ? table[(i + 1) * width + j + 1]! + 1 : further;
    }
  return (i, j) => table[i * width + j]!;
}

function collapsed(lines: readonly DiffLine[]): DiffLine[] {
  const isNear = lines.map((_, index) =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ kind }) => kind !== 'same'),
  );
  return lines.flatMap((line, index) => {
    if (isNear[index]) return [line];
    return index === 0 || isNear[index - 1] ? [{ kind: 'gap', text: '…' } as const] : [];
  });
}

function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n');
}
