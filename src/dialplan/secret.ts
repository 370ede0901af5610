/** What stands before a secret in a dial string or an address of SIP: technology or scheme, and user. */
const BEGINNING = /\b(?:(IAX2?|PJSIP|SIP)\/|sips?:)([^:@/&,|\s]*):/gi;
const SECRET_END = /[@\s]|$/g;
const PEER = /[^/&,|)\s]*/y;

/** A secret in a dial string or an address of SIP, by offsets in the text, and whom it is for: `IAX2/box@hq`. */
export interface DialSecret {
  readonly start: number;
  readonly end: number;
  readonly owner: string;
}

/**
 * The secrets of dial strings in a text. A key name in brackets, `user:[key]@peer`, is none. Takes time in proportion to the
 * text: no part of it is looked at for two beginnings.
 */
export function* dialSecrets(text: string): Generator<DialSecret> {
  for (let from = 0; ; ) {
    const beginning = matchAt(BEGINNING, text, from);
    if (beginning === null) return;
    const start = beginning.index + beginning[0].length;
    from = matchAt(SECRET_END, text, start)!.index;
    if (text[from] !== '@') continue;
    const [behind] = matchAt(PEER, text, from + 1)!;
    // A secret of SIP may have an @ itself: what names the peer is behind the last.
    const peer = behind.slice(behind.lastIndexOf('@') + 1);
    from += 1 + behind.length;
    const at = from - peer.length - 1;
    const written = text.slice(start, at);
    const key = /(?:^|:)\[[^\]:]*\]$/.exec(written);
    if (key?.[0] === written && written.startsWith('[')) continue;
    const [, technology = 'SIP', user = ''] = beginning;
    yield { start, end: at - (key?.[0].length ?? 0), owner: `${technology.toUpperCase()}/${user}@${peer}` };
  }
}

function matchAt(expression: RegExp, text: string, from: number): RegExpExecArray | null {
  expression.lastIndex = from;
  return expression.exec(text);
}

/** Hides the secrets of dial strings in text that will be read: `IAX2/box:pass@hq/200` becomes `IAX2/box:***@hq/200`. */
export function maskSecrets(text: string): string {
  let masked = '';
  let from = 0;
  for (const { start, end } of dialSecrets(text)) {
    masked += `${text.slice(from, start)}***`;
    from = end;
  }
  return masked + text.slice(from);
}
