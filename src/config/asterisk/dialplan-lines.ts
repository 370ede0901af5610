import { readApplication } from '../../dialplan/application-text.ts';
import { SourceText } from '../../dialplan/lex.ts';
import type { Place } from './remarks.ts';

/** What a line of the dialplan does, beside comments and headings. */
export interface Step {
  /** The extension as it is written, also of `same`. */
  readonly extension: string;
  /** `1`, `n(label)`, `hint`. */
  readonly priority: string;
  application: string;
  data: string;
  /** Whether application or data are other than they were written. */
  isChanged: boolean;
  /** What stood behind the priority. */
  readonly written: string;
}

/** One line of the dialplan that is being made. */
export interface DialplanLine extends Place {
  /** `include => …`, `[context]`, or what is written of a step that did not change. */
  text: string;
  readonly kind: 'heading' | 'comment' | 'step' | 'other';
  readonly step?: Step;
  readonly comment: string | undefined;
  /** What stands in a comment above it: the line as it was. */
  was?: string;
  /** Something harmless stands in its place. */
  isReplaced?: true;
  /** What was told when it was replaced. */
  told?: string;
  /** It is left out, but for `was`. */
  isDropped?: true;
}

/** The steps of a section in one: `exten => 201,1,Dial(…)`, `same => n,…`. Undefined for what is no step. */
export function readStep(key: string, value: string, lastExtension: string | undefined): Step | undefined {
  const isSame = /^same/i.test(key);
  if (!isSame && key.toLowerCase() !== 'exten') return undefined;
  const rest = isSame ? value : value.slice(extensionEnd(value) + 1);
  const extension = isSame ? lastExtension : value.slice(0, extensionEnd(value)).trim();
  if (extension === undefined) return undefined;
  const comma = rest.indexOf(',');
  const priority = rest.slice(0, comma < 0 ? rest.length : comma).trim();
  const written = comma < 0 ? '' : rest.slice(comma + 1).trim();
  if (priority.toLowerCase() === 'hint')
    return { extension, priority, application: '', data: written, isChanged: false, written };
  const { application, data } = readApplication(new SourceText(written, 1, 1));
  return { extension, priority, application, data, isChanged: false, written };
}

/** The comma behind the extension: not one in the brackets of a pattern. */
function extensionEnd(value: string): number {
  let depth = 0;
  for (let i = 0; i < value.length; i++) {
    if ('[{('.includes(value[i]!)) depth++;
    else if (']})'.includes(value[i]!)) depth--;
    else if (value[i] === ',' && depth <= 0) return i;
  }
  return value.length;
}

/** The whole dialplan as text, one string a line, and which line of the draft each came from. */
export function writeDialplan(lines: readonly DialplanLine[]): { text: string[]; sources: DialplanLine[] } {
  const text: string[] = [];
  const sources: DialplanLine[] = [];
  const put = (line: string, source: DialplanLine) => {
    text.push(line.trimEnd());
    sources.push(source);
  };
  let extension: string | undefined;
  for (const line of lines) {
    if (line.kind === 'heading') extension = undefined;
    if (line.was !== undefined) put(`; ${line.was}`, line);
    if (line.isDropped) continue;
    const behind = line.comment === undefined || line.comment === '' ? '' : `  ; ${line.comment.trim()}`;
    if (line.step === undefined) {
      put(line.kind === 'comment' ? line.text : `${escaped(line.text)}${behind}`, line);
      continue;
    }
    const { step } = line;
    // A `same` whose extension lost its first line would go on with another one.
    const beginning =
      extension === step.extension && /^same/.test(line.text) ? ' same => ' : `exten => ${step.extension},`;
    extension = step.extension;
    put(`${escaped(`${beginning}${step.priority}${comma(applicationText(step))}`)}${behind}`, line);
  }
  return { text, sources };
}

function comma(text: string): string {
  return text === '' ? '' : `,${text}`;
}

export function applicationText({ priority, application, data, isChanged, written }: Step): string {
  if (!isChanged) return written;
  return priority.toLowerCase() === 'hint' ? data : `${application}(${data})`;
}

function escaped(text: string): string {
  return text.replaceAll(';', '\\;');
}
