import { lex } from '../dialplan/lex.ts';
import type { ConfigurationDocument, TextBlock } from './document.ts';
import type { Problem } from './problem.ts';

/** What the rest of the configuration needs to know of the dialplan. */
export interface DialplanFacts {
  readonly contexts: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/** Reads the `dialplan` text of the document; its problems stand where the text stands in the file. */
export function readDialplan(document: ConfigurationDocument): DialplanFacts {
  const text = (document.value as Readonly<Record<string, unknown>>)['dialplan'];
  if (typeof text !== 'string') return { contexts: new Set(), problems: [] };
  const block = document.textBlock(['dialplan']);
  if (block?.style === 'folded') {
    const message = 'dialplan: > joins the lines of the text; write dialplan: |';
    return { contexts: new Set(), problems: [{ ...document.positionOf(['dialplan']), severity: 'error', message }] };
  }
  const { statements, problems } = lex(text);
  const contexts = statements.flatMap((it) => (it.kind === 'section' ? [it.name.text] : []));
  return { contexts: new Set(contexts), problems: problems.map((problem) => inDocument(problem, block)) };
}

interface TextProblem extends Problem {
  readonly allowed?: string;
}

function inDocument({ line, column, severity, message, allowed }: TextProblem, block: TextBlock | undefined): Problem {
  const sentence = allowed === undefined ? message : `${message}; allowed: ${allowed}`;
  if (block?.style !== 'literal') {
    const first = block?.first ?? { line: 1, column: 1 };
    return { ...first, severity, message: `line ${line} of the dialplan, column ${column}: ${sentence}` };
  }
  return { line: block.first.line + line - 1, column: column + block.indent, severity, message: sentence };
}
