/** Letters that Dial knows in any Asterisk of the last 20 years. */
export const DIAL_OPTIONS = 'aAbBcCdDeEfFgGhHiIjkKlLmMnNoOpPQrRsStTuUwWxXzZ';

/** Reads option letters, each with what may stand in parentheses behind it: `rS(10)D(12:3)`. */
export function parseOptions(text: string): { options: Map<string, string>; problem?: string } {
  const options = new Map<string, string>();
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]!;
    if (/\s/.test(letter)) continue;
    let argument = '';
    if (text[i + 1] === '(') {
      let depth = 0;
      let end = i + 1;
      for (; end < text.length; end++) {
        if (text[end] === '(') depth++;
        else if (text[end] === ')' && --depth === 0) break;
      }
      argument = text.slice(i + 2, end);
      if (end === text.length) return { options, problem: `option ${letter}( is never closed` };
      i = end;
    }
    options.set(letter, argument);
  }
  return { options };
}
