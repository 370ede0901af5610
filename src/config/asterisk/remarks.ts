import { printable } from '../../base/printable.ts';
import { maskSecrets } from '../../dialplan/secret.ts';
import { MASK } from '../secret.ts';

/** Where something stands in the files of an Asterisk; `line` counts from 1, 0 is the file as a whole. */
export interface Place {
  /** As Asterisk would name it: relative to its configuration folder, absolute outside of it. */
  readonly file: string;
  readonly line: number;
}

/** Something the administrator must know about one place of the Asterisk configuration. Free of secrets. */
export interface Remark extends Place {
  /** `lost`: it is not in the configuration that was made. `changed`: it is, and means something slightly different. */
  readonly kind: 'lost' | 'changed';
  /** What is meant, why, and what to do instead. */
  readonly message: string;
}

/** Shorter ones would also be found in words that are none; nothing of the kind is quoted anyway. */
const SHORTEST_SECRET = 4;
/** A longer quotation tells nobody more. */
const LONGEST_MESSAGE = 400;

/** Collects what the import has to tell. Secrets that it was told of are masked in every message. */
export class Remarks {
  private readonly found: Remark[] = [];
  private readonly secrets = new Set<string>();

  lost(place: Place, message: string): void {
    this.found.push({ file: place.file, line: place.line, kind: 'lost', message });
  }

  changed(place: Place, message: string): void {
    this.found.push({ file: place.file, line: place.line, kind: 'changed', message });
  }

  /** What was told of a place is told otherwise. */
  retract(place: Place, message: string): void {
    const index = this.found.findLastIndex(
      (it) => it.file === place.file && it.line === place.line && it.message === message,
    );
    if (index >= 0) this.found.splice(index, 1);
  }

  /** From now on no message has this text in it. */
  keepSecret(secret: string): void {
    if (secret.length >= SHORTEST_SECRET) this.secrets.add(secret);
  }

  /** By file, in the order in which the files were read, and by line; each remark once. */
  all(): Remark[] {
    const files = [...new Set(this.found.map(({ file }) => file))];
    const seen = new Set<string>();
    return this.found
      .map((remark) => ({ ...remark, message: this.clean(remark.message) }))
      .filter((remark) => {
        const key = JSON.stringify(remark);
        if (seen.has(key)) return false;
        seen.add(key);
        return true;
      })
      .sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line);
  }

  private clean(message: string): string {
    let text = maskSecrets(message);
    for (const secret of this.secrets) text = maskWord(text, secret);
    text = printable(text);
    return text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}…` : text;
  }
}

/** A secret such as `pass` is no part of the word `passes`. */
function maskWord(text: string, secret: string): string {
  const isWordAt = (at: number) => /[A-Za-z0-9]/.test(text[at] ?? ' ');
  let out = '';
  let from = 0;
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, from)) {
    const end = at + secret.length;
    out += text.slice(from, at) + (isWordAt(at - 1) || isWordAt(end) ? secret : MASK);
    from = end;
  }
  return out + text.slice(from);
}

/** `file:line: message`, as compilers write it. */
export function formatRemark({ file, line, kind, message }: Remark): string {
  return `${printable(file)}${line === 0 ? '' : `:${line}`}: ${kind === 'changed' ? 'changed: ' : ''}${message}`;
}
