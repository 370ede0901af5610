const CREDENTIALS = /\b(IAX2?|PJSIP|SIP)\/([^:@/&,|\s]*):([^@\s]*)@([^/&,|)\s]*)/gi;

/** A secret in a dial string, by offsets in the text, and whom it is for: `IAX2/box@hq`. */
export interface DialSecret {
  readonly start: number;
  readonly end: number;
  readonly owner: string;
}

/** The secrets of dial strings in a text. A key name in brackets, `user:[key]@peer`, is none. */
export function* dialSecrets(text: string): Generator<DialSecret> {
  for (const { 0: whole, 1: technology = '', 2: user = '', 3: written = '', 4: peer = '', index } of text.matchAll(
    CREDENTIALS,
  )) {
    const key = /(?:^|:)\[[^\]:]*\]$/.exec(written);
    if (key?.[0] === written && written.startsWith('[')) continue;
    const end = index + whole.length - peer.length - 1 - (key?.[0].length ?? 0);
    const start = index + technology.length + user.length + 2;
    yield { start, end, owner: `${technology.toUpperCase()}/${user}@${peer}` };
  }
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
