/**
 * Splits arguments at a delimiter as every Asterisk application does: not inside quotes, parentheses or brackets;
 * quotes are taken off, a backslash makes the next character plain. `raw` leaves quotes and backslashes in.
 */
export function separateArguments(
  text: string,
  delimiter = ',',
  options: { raw?: boolean; limit?: number } = {},
): string[] {
  const pieces: string[] = [];
  for (const [from, to] of argumentRanges(text, delimiter, options.limit)) {
    const piece = text.slice(from, to);
    pieces.push(options.raw === true ? piece : unquote(piece));
  }
  return text === '' ? [] : pieces;
}

/** Where the arguments of a text begin and end. */
export function argumentRanges(text: string, delimiter = ',', limit = Number.POSITIVE_INFINITY): [number, number][] {
  const ranges: [number, number][] = [];
  let from = 0;
  let parentheses = 0;
  let brackets = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '(') parentheses++;
    else if (c === ')') parentheses = Math.max(0, parentheses - 1);
    else if (c === '[') brackets++;
    else if (c === ']') brackets = Math.max(0, brackets - 1);
    else if (c === '"') quoted = !quoted;
    else if (c === '\\') i++;
    else if (c === delimiter && parentheses === 0 && brackets === 0 && !quoted && ranges.length + 1 < limit) {
      ranges.push([from, i]);
      from = i + 1;
    }
  }
  ranges.push([from, text.length]);
  return ranges;
}

/** Takes off quotes and the backslashes before plain characters. */
export function unquote(text: string): string {
  if (!text.includes('"') && !text.includes('\\')) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') continue;
    if (text[i] === '\\') {
      i++;
      if (i < text.length) out += text[i];
    } else out += text[i];
  }
  return out;
}

/** Whether a condition holds, as GotoIf and IF see it: nothing is false, a number is true unless 0, other text is true. */
export function isTrue(condition: string): boolean {
  if (condition === '') return false;
  const number = /^[0-9]+/.exec(condition);
  return number === null || Number(number[0]) !== 0;
}

/** `name(arguments)` in two; without parentheses there are no arguments. Undefined for a name that is none. */
export function parseCall(text: string): { name: string; args: string } | undefined {
  const open = text.indexOf('(');
  const name = (open < 0 ? text : text.slice(0, open)).trim();
  if (!/^[A-Za-z][\w]*$/.test(name)) return undefined;
  if (open < 0) return { name, args: '' };
  const close = text.lastIndexOf(')');
  return { name, args: text.slice(open + 1, close > open ? close : text.length) };
}
