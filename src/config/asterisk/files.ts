/** The files of an Asterisk; `io/` implements it. Paths are relative to its configuration folder, or absolute. */
export interface AsteriskFiles {
  /** A file's text; a failure is the end of a sentence that begins with the file's name. */
  read(path: string): FileText | { readonly failure: string };
  /** The files that a pattern of the shell (`custom/*.conf`) stands for, in order; a plain path stands for itself, also where there is no such file. */
  expand(pattern: string): readonly string[];
}

export interface FileText {
  readonly text: string;
  /** It is not UTF-8 and was read as Windows-1252. */
  readonly isLegacy?: true;
  /** The same for any path to the same file. */
  readonly identity: string;
}
