import type { Found } from './argument-faults.ts';
import type { Dialplan, Extension, Priority } from './dialplan.ts';
import { numbersElsewhere } from './unreached.ts';

export interface BlockFault extends Found {
  readonly at: Priority;
}

/** The applications that make a block, or belong into one. */
interface Block {
  readonly open: string;
  readonly close: string;
  readonly inside: readonly string[];
}

const BLOCKS: readonly Block[] = [
  { open: 'While', close: 'EndWhile', inside: ['ContinueWhile', 'ExitWhile'] },
  { open: 'If', close: 'EndIf', inside: ['ElseIf', 'Else', 'ExitIf'] },
];

/**
 * Blocks of an extension that are opened and never closed, or closed and never opened, and what belongs into a block and
 * stands in none. Where another extension, which some number may have as well, fills a gap, nothing is told: what stands
 * there depends on the number.
 */
export function blockFaults(dialplan: Dialplan, extension: Extension): BlockFault[] {
  const written = [...extension.priorities.values()].sort((a, b) => a.number - b.number);
  const faults = (elsewhere: ReadonlySet<number>): BlockFault[] =>
    BLOCKS.flatMap((block) => [...unopened(written, elsewhere, block), ...unclosed(written, elsewhere, block)]);
  // Other extensions only ever excuse something, so all of them are looked at where there is something to excuse.
  return faults(new Set()).length === 0 ? [] : faults(numbersElsewhere(dialplan, extension));
}

/** The beginning of a block is looked for back to the first priority, over gaps too. */
function unopened(written: readonly Priority[], elsewhere: ReadonlySet<number>, block: Block): BlockFault[] {
  const { open, close, inside } = block;
  const faults: BlockFault[] = [];
  let depth = 0;
  for (const at of written) {
    if (elsewhere.has(at.number - 1)) break;
    if (is(at, open)) depth++;
    else if (is(at, close)) {
      if (depth === 0) faults.push(fault(at, `${close} has no ${open} before it`, `${open}(…) in the same extension`));
      else depth--;
    } else if (depth === 0) {
      const found = inside.find((name) => is(at, name));
      if (found !== undefined) faults.push(fault(at, `${found} stands in no ${open}`, `between ${open} and ${close}`));
    }
  }
  return faults;
}

/** The end of a block is looked for up to the first gap. */
function unclosed(written: readonly Priority[], elsewhere: ReadonlySet<number>, { open, close }: Block): BlockFault[] {
  const faults: BlockFault[] = [];
  let opened: Priority[] = [];
  for (const [index, at] of written.entries()) {
    if (is(at, open)) opened.push(at);
    else if (is(at, close)) opened.pop();
    const next = at.number + 1;
    if (written[index + 1]?.number === next) continue;
    if (!elsewhere.has(next))
      faults.push(
        ...opened.map((it) => fault(it, `${open} has no ${close} after it`, `${close} in the same extension`)),
      );
    opened = [];
  }
  return faults;
}

function is(at: Priority, name: string): boolean {
  return at.application.toLowerCase() === name.toLowerCase();
}

function fault(at: Priority, message: string, allowed: string): BlockFault {
  return { at, severity: 'error', message, allowed };
}
