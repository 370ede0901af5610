import { Document, isMap, isPair, isScalar, isSeq, Scalar, visit } from 'yaml';
import type { DraftDocument } from './draft.ts';

/** Words that other readers of YAML take for something else than text. */
const NOT_PLAIN = /^(?:y|n|yes|no|on|off|true|false|null|~)$/i;
const PLAIN = /^[A-Za-z/][A-Za-z0-9_./-]*$/;
/** A mapping or list no longer than this stands on one line, as in the documentation. */
const ONE_LINE = 100;
/** Mappings that have names as keys, which are easier to find below each other. */
const ALWAYS_OPEN = ['iax2', 'peers', 'sip', 'phones', 'trunks', 'hat', 'lines', 'conferences'];

/** In this order a reader looks for things; what is not here comes behind. */
const ORDER =
  'site hat iax2 sip emergency conferences features net id port kind type host registrar username secret auth inKeys outKey register ' +
  'extension name context otherContexts allowFrom acl callToken codecs';

export interface WrittenDocument {
  readonly text: string;
  /** The line of the text in which the dialplan's first line stands. */
  readonly dialplanLine: number;
}

/** The document as YAML; the dialplan, line by line, is last. */
export function writeDocument(draft: DraftDocument, dialplan: readonly string[], heading: string): WrittenDocument {
  const document = new Document(inOrder(draft), { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== 'string') return;
      const isPlain = PLAIN.test(node.value) && !NOT_PLAIN.test(node.value);
      node.type = isPlain ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE;
    },
    Collection(key, node, path) {
      const pair = path.at(-1);
      const name = isPair(pair) && isScalar(pair.key) ? String(pair.key.value) : '';
      const size = JSON.stringify(node.toJSON()).length;
      const isNested = isMap(node) && path.length > 2 && !ALWAYS_OPEN.includes(name);
      node.flow =
        (isNested || (isSeq(node) && name !== 'lines') || key === null) && size <= ONE_LINE && path.length > 1;
      if (name === 'site' && size <= ONE_LINE) node.flow = true;
    },
  });
  const comment = heading.split('\n').map((line) => `# ${line}`.trimEnd());
  const before = `${comment.join('\n')}\n${document.toString({ lineWidth: 0, flowCollectionPadding: true })}`;
  if (dialplan.length === 0) return { text: before, dialplanLine: 0 };
  const block = dialplan.map((line) => (line === '' ? '' : `  ${yamlText(line)}`)).join('\n');
  // The first line says how deep the text stands; a blank one would not.
  return { text: `${before}dialplan: |\n${block}\n`, dialplanLine: before.split('\n').length + 1 };
}

/** What YAML cannot have in a text that is not quoted. */
function yamlText(line: string): string {
  return line.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    '?',
  );
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const order = ORDER.split(' ');
  const rank = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  const entries = Object.entries(value).sort(([a], [b]) => rank(a) - rank(b));
  return Object.fromEntries(entries.map(([key, item]) => [key, inOrder(item)]));
}
