import type { ErrorCode, YAMLError } from 'yaml';
import type { Position } from './document.ts';

/**
 * One sentence for a YAML syntax error: what is wrong, what is allowed. It never repeats the document's text, for a
 * password with a reserved first character is a syntax error, too. `complaint` is the parser's own message.
 */
export function describeSyntaxError(code: ErrorCode, complaint: string, line: string): string {
  if (/^\s*\t/.test(line) && /^(TAB_AS_INDENT|BAD_INDENT|MISSING_CHAR)$/.test(code)) {
    return 'a tab indents this line; only spaces may indent';
  }
  for (const [codes, words, sentence] of SENTENCES) {
    if (codes.includes(code) && (words === undefined || complaint.includes(words))) return sentence;
  }
  return 'this is not YAML; a value with special characters goes in quotes';
}

export const INDENTED_TOO_FAR =
  'this line is indented further than the key above; keys of one mapping start in the same column';

/**
 * The line that a syntax error is about where it only stands too far to the right: YAML takes it for more of the value
 * above, and complains there. `line` and `column` are where it complains.
 */
export function lineIndentedTooFar(
  { code, message }: YAMLError,
  lines: readonly string[],
  line: number,
  column: number,
): Position | undefined {
  const text = lines[line - 1] ?? '';
  const isValue = code === 'BLOCK_AS_IMPLICIT_KEY' && !message.includes('sequence');
  const isLine = code === 'BAD_INDENT' && message.includes('mapping items');
  if (!isLine && (!isValue || /:(?:\s|$)/.test(text.slice(column - 1)))) return undefined;
  const isContent = (each: string) => !/^\s*(?:#|$)/.test(each);
  const found = lines.findIndex((each, index) => index >= (isLine ? line - 1 : line) && isContent(each));
  const above = lines.slice(0, Math.max(found, 0)).findLast(isContent);
  if (above === undefined) return undefined;
  const indent = indentOf(lines[found]!);
  return indent > indentOf(above) ? { line: found + 1, column: indent + 1 } : undefined;
}

function indentOf(line: string): number {
  return line.search(/\S/);
}

/** The first row whose code and words fit. */
const SENTENCES: readonly (readonly [codes: readonly ErrorCode[], words: string | undefined, sentence: string])[] = [
  [['TAB_AS_INDENT'], undefined, 'a tab indents this line; only spaces may indent'],
  [['BAD_INDENT'], 'Flow', 'the [ or { above is not closed before this line; close it, or indent this line more'],
  [['BAD_INDENT'], 'Block scalar', 'this line of a text block is indented less than its first line; indent it as far'],
  [
    ['BAD_INDENT'],
    'sequence',
    'this item does not line up with the list above; items of one list start in the same column',
  ],
  [
    ['BAD_INDENT'],
    undefined,
    'this line does not line up with the keys above; keys of one mapping start in the same column',
  ],
  [['BLOCK_AS_IMPLICIT_KEY'], 'sequence', 'this list item does not line up with the list above; indent it as far'],
  [
    ['BLOCK_AS_IMPLICIT_KEY', 'BLOCK_IN_FLOW'],
    undefined,
    'a second ": " in one value; put the value in quotes, or the key on a line of its own',
  ],
  [['MISSING_CHAR'], 'Missing closing', 'this quoted text is not closed; end it with the same quote'],
  [['MISSING_CHAR'], 'followed by map values', 'a key without ":"; write "key: value"'],
  [['MISSING_CHAR'], 'Comments', 'a blank is missing before "#"; a value with "#" goes in quotes'],
  [['MISSING_CHAR'], 'without - indicator', 'an item of the list lacks its "- "'],
  [['MULTILINE_IMPLICIT_KEY'], undefined, 'a key without ":"; write "key: value" on one line'],
  [['BAD_SCALAR_START'], undefined, 'a value may not start with @, ` or %; put it in quotes'],
  [['BAD_DQ_ESCAPE'], undefined, 'a \\ in double quotes that starts no escape; write \\\\, or use single quotes'],
  [['DUPLICATE_KEY'], undefined, 'this key is here twice; each may be here once'],
  [['MULTIPLE_DOCS'], undefined, 'a second document starts here; a file holds one'],
  [
    ['TAG_RESOLVE_FAILED', 'BAD_COLLECTION_TYPE', 'MULTIPLE_TAGS'],
    undefined,
    'a value may not start with "!"; put it in quotes',
  ],
  [
    ['BAD_ALIAS', 'ALIAS_PROPS', 'MULTIPLE_ANCHORS'],
    undefined,
    'a value may not start with & or * unless it names an anchor; put it in quotes',
  ],
  [
    ['UNEXPECTED_TOKEN'],
    'Block scalar header',
    'after "|" only a comment may follow; the text starts on the next line',
  ],
  [['UNEXPECTED_TOKEN'], 'Unexpected , ', 'a comma too many'],
  [['UNEXPECTED_TOKEN'], 'Unexpected scalar', 'more text after the end of a value; put the whole value in quotes'],
  [
    ['UNEXPECTED_TOKEN'],
    'block-seq-ind',
    'a list begins on the line after its key; put a value that starts with - in quotes',
  ],
  [['UNEXPECTED_TOKEN'], 'flow', 'a ] or } that nothing opened, or the wrong one of both'],
  [['BAD_DIRECTIVE'], undefined, 'a line may not start with "%"'],
  [['RESOURCE_EXHAUSTION'], undefined, 'nested too deeply'],
];
