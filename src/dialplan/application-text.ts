import type { SourceText } from './lex.ts';
import type { Problem } from './problem.ts';
import { closingOf, nextOpening } from './variables.ts';

/** Applications whose argument is text to keep as it stands: a bar in it is a bar. */
const PLAIN_TEXT = new Set([
  'set',
  'mset',
  'setvar',
  'noop',
  'verbose',
  'log',
  'sendtext',
  'system',
  'trysystem',
  'userevent',
]);

export interface ApplicationText {
  readonly application: string;
  readonly data: string;
  /** Where `data` begins in the source. */
  readonly dataIndex: number;
  readonly problem?: Problem;
}

/**
 * Reads an application and its arguments in either spelling: `Goto(srvA,${EXTEN},1)`, or `Goto,srvA|${EXTEN}|1` and
 * `Dial(IAX2/hq|30)` as they were written before Asterisk 1.6. Bars that separate become commas, so that `data` is the
 * same for both.
 */
export function readApplication(source: SourceText): ApplicationText {
  const { text } = source;
  const comma = text.indexOf(',');
  const parenthesis = text.indexOf('(');
  if (comma >= 0 && (parenthesis < 0 || comma < parenthesis)) {
    const application = text.slice(0, comma).trim();
    const written = text.slice(comma + 1);
    const dataIndex = comma + 1 + written.length - written.trimStart().length;
    return { application, data: withCommas(application, written.trim()), dataIndex };
  }
  if (parenthesis < 0) return { application: text.trim(), data: '', dataIndex: text.length };
  const application = text.slice(0, parenthesis).trim();
  const close = text.lastIndexOf(')');
  const data = text.slice(parenthesis + 1, close < parenthesis ? text.length : close);
  const result = { application, data: withCommas(application, data), dataIndex: parenthesis + 1 };
  if (close < parenthesis) {
    return { ...result, problem: problemAt(source, parenthesis, 'error', `${application}( is never closed`, ')') };
  }
  const rest = text.slice(close + 1).trim();
  if (rest === '') return result;
  return {
    ...result,
    problem: problemAt(source, close + 1, 'warning', `'${rest}' after ${application}(…) is ignored`),
  };
}

function problemAt(
  source: SourceText,
  index: number,
  severity: Problem['severity'],
  message: string,
  allowed?: string,
): Problem {
  const place = { line: source.line, column: source.columnAt(index), severity, message };
  return allowed === undefined ? place : { ...place, allowed };
}

/** Puts commas for bars, if bars separate: there is one outside of variables and expressions, and no comma. */
function withCommas(application: string, data: string): string {
  if (!data.includes('|') || PLAIN_TEXT.has(application.toLowerCase())) return data;
  let out = '';
  for (let i = 0; i < data.length; ) {
    const opening = nextOpening(data, i);
    const plain = data.slice(i, opening < 0 ? data.length : opening);
    if (plain.includes(',')) return data;
    out += plain.replaceAll('|', ',');
    if (opening < 0) return out;
    const end = closingOf(data, opening);
    i = end < 0 ? data.length : end + 1;
    out += data.slice(opening, i);
  }
  return out;
}
