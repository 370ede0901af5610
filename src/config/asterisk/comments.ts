/** Asterisk opens no more comments inside each other. */
const MAX_NESTED = 128;

/** One line without its comments. */
export interface BareLine {
  /** What is left, trimmed; `\;` is a plain semicolon. */
  readonly text: string;
  /** What the comments said, blanks in front kept; undefined if there is none. */
  readonly comment: string | undefined;
}

/**
 * Takes the comments off the lines of a file, as main/config.c does: `;` to the end of the line, `;-- … --;` over lines,
 * nested; `\;` is no comment. Lines are handed in one after the other.
 */
export class CommentStripper {
  private depth = 0;
  private line = 0;
  private openedAt = 0;

  /** The line in which the comment began that is still open, 0 if none is. */
  get unclosed(): number {
    return this.depth > 0 ? this.openedAt : 0;
  }

  strip(raw: string): BareLine {
    this.line++;
    if (this.depth === 0 && !raw.includes(';')) return { text: raw.trim(), comment: undefined };
    let text = '';
    let comment = '';
    let hasComment = this.depth > 0;
    for (let i = 0; i < raw.length; i++) {
      if (raw.startsWith(';--', i) && raw[i + 3] !== '-' && this.depth < MAX_NESTED) {
        if (this.depth === 0) this.openedAt = this.line;
        this.depth++;
        hasComment = true;
        i += 2;
      } else if (this.depth > 0) {
        if (raw.startsWith('--;', i)) {
          this.depth--;
          i += 2;
        } else comment += raw[i];
      } else if (raw[i] === '\\' && raw[i + 1] === ';') {
        text += ';';
        i++;
      } else if (raw[i] === ';') {
        comment += raw.slice(i + 1);
        hasComment = true;
        break;
      } else text += raw[i];
    }
    return { text: text.trim(), comment: hasComment ? comment.trimEnd() : undefined };
  }
}
