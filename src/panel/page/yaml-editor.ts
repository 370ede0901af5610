import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** What is wrong at a place of the text; lines and columns count from 1. */
export interface Mark {
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

export interface YamlEditor {
  readonly text: string;
  /** Shows these in place of those before. */
  mark(marks: readonly Mark[]): void;
  /** Puts the cursor there and shows it. */
  goTo(line: number, column: number): void;
  destroy(): void;
}

/** The colours are those of the page, by day and by night. */
const THEME = EditorView.theme({
  '&': { fontSize: '0.85rem', backgroundColor: 'var(--card)', color: 'var(--ink)', height: '100%' },
  '&.cm-focused': { outline: '3px solid var(--accent)', outlineOffset: '-3px' },
  '.cm-scroller': { fontFamily: 'ui-monospace, "Cascadia Code", Menlo, monospace', lineHeight: '1.5' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--soft)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent) 8%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 30%, transparent)',
  },
  '.cm-tooltip, .cm-panels': {
    backgroundColor: 'var(--card)',
    color: 'var(--ink)',
    border: '1px solid var(--rule)',
    maxWidth: 'min(32rem, 90vw)',
  },
  '.cm-panels input, .cm-panels button': {
    backgroundColor: 'var(--paper)',
    backgroundImage: 'none',
    color: 'var(--ink)',
    border: '1px solid var(--rule)',
  },
});

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)', fontWeight: '600' },
  { tag: tags.comment, color: 'var(--soft)', fontStyle: 'italic' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--held)' },
  { tag: [tags.keyword, tags.typeName, tags.labelName, tags.meta], color: 'var(--wait)' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: 'var(--soft)' },
]);

/**
 * An editor for YAML inside `parent`. It lives in a shadow tree: there its styles are objects, and the page needs no leave
 * for styles that stand in it. Tab goes on to the next control, as everywhere.
 */
export function createYamlEditor(parent: HTMLElement, doc: string, name: string, onChange: () => void): YamlEditor {
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: 'open' });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc,
      extensions: [
        ...[
          lineNumbers(),
          lintGutter(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          highlightSelectionMatches(),
        ],
        ...[yaml(), indentUnit.of('  '), EditorState.tabSize.of(2), syntaxHighlighting(COLOURS), THEME],
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, ...lintKeymap]),
        EditorView.contentAttributes.of({ 'aria-label': name, autocapitalize: 'off', spellcheck: 'false' }),
        EditorView.updateListener.of(({ docChanged }) => {
          if (docChanged) onChange();
        }),
      ],
    }),
  });
  const offsetOf = (line: number, column: number) => {
    const found = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
    return Math.min(found.from + Math.max(column, 1) - 1, found.to);
  };
  return {
    get text() {
      return view.state.doc.toString();
    },
    mark(marks) {
      const diagnostics = marks.map(({ line, column, severity, message }): Diagnostic => {
        const from = offsetOf(line, column);
        const word = /^[^\s,[\]{}]*/.exec(
          view.state.doc.lineAt(from).text.slice(from - view.state.doc.lineAt(from).from),
        );
        return { from, to: from + (word?.[0].length ?? 0), severity, message };
      });
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    goTo(line, column) {
      const at = offsetOf(line, column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
      view.focus();
    },
    destroy: () => view.destroy(),
  };
}
