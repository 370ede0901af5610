import { LineCounter } from 'yaml';
import type { Position } from './document.ts';

/** Where the lines of a text begin: between offsets and positions, without reading the text for each again. */
export class TextLines {
  private readonly counter = new LineCounter();

  constructor(private readonly text: string) {
    for (let start = 0; ; ) {
      this.counter.addNewLine(start);
      const end = text.indexOf('\n', start);
      if (end < 0) break;
      start = end + 1;
    }
  }

  /** The end of the text for what is behind it. */
  offsetAt({ line, column }: Position): number {
    const { lineStarts } = this.counter;
    const start = lineStarts[Math.min(line, lineStarts.length) - 1] ?? 0;
    return Math.min(start + column - 1, this.text.length);
  }

  positionAt(offset: number): Position {
    const { line, col } = this.counter.linePos(offset);
    return { line, column: col };
  }
}
