import { useState } from 'preact/hooks';
import type { CheckedConfiguration } from '../configuration.ts';
import { Choice } from './choice.tsx';
import { lineDiff } from './line-diff.ts';

type Change = CheckedConfiguration['changes'][number];

const WAYS = { added: '+', removed: '−', changed: '~' } as const;
const WORDS = { added: 'New: ', removed: 'Gone: ', changed: 'Changed: ' } as const;
const TIMES = [
  ['1m', '1 minute'],
  ['2m', '2 minutes'],
  ['5m', '5 minutes'],
  ['15m', '15 minutes'],
] as const;

/** What a change does, before it is done. */
export function Review({
  changes,
  touches,
  onApply,
  onBack,
}: {
  readonly changes: readonly Change[];
  readonly touches: CheckedConfiguration['touches'];
  readonly onApply: (confirmWithin: string) => void;
  readonly onBack: () => void;
}) {
  const [within, setWithin] = useState<(typeof TIMES)[number][0]>('2m');
  return (
    <section class="review" aria-label="Review of the change">
      {changes.length === 0 ? (
        <p>Only comments or the way it is written change.</p>
      ) : (
        <ul class="changes" aria-label="Changes">
          {changes.map((change) => (
            <li key={change.path} data-kind={change.kind}>
              <span class="path">
                <span aria-hidden="true">{WAYS[change.kind]} </span>
                <span class="unseen">{WORDS[change.kind]}</span>
                <code>{change.path}</code>
                {change.live ? null : <span class="kind">another start</span>}
              </span>
              <Values {...change} />
            </li>
          ))}
        </ul>
      )}
      <p>{touchesText(touches)}</p>
      <div class="actions">
        <Choice name="Rolled back unless confirmed within" value={within} options={TIMES} onChoose={setWithin} />
        <button type="button" class="primary" onClick={() => onApply(within)}>
          Apply on trial
        </button>
        <button type="button" onClick={onBack}>
          Back to the text
        </button>
      </div>
    </section>
  );
}

function Values({ before, after }: Pick<Change, 'before' | 'after'>) {
  const isText = [before, after].some((value) => typeof value === 'string' && value.includes('\n'));
  if (isText)
    return (
      <pre class="diff">
        {lineDiff(String(before ?? ''), String(after ?? '')).map(({ kind, text }, index) => (
          <span key={index} data-kind={kind}>
            {kind === 'added' ? '+ ' : kind === 'removed' ? '- ' : '  '}
            {text}
            {'\n'}
          </span>
        ))}
      </pre>
    );
  if (before === null) return <code>{JSON.stringify(after)}</code>;
  if (after === null) return <code>{JSON.stringify(before)}</code>;
  const isSecret = JSON.stringify(before) === JSON.stringify(after);
  return isSecret ? (
    <span>another secret</span>
  ) : (
    <span>
      <code>{JSON.stringify(before)}</code> → <code>{JSON.stringify(after)}</code>
    </span>
  );
}

function touchesText({ lines, phones, trunks, calls, restart }: CheckedConfiguration['touches']): string {
  const named = [
    ...lines.map((port) => `line ${port}`),
    ...phones.map((user) => `phone ${user}`),
    ...trunks.map((name) => `trunk ${name}`),
  ].join(', ');
  const whom = named === '' ? 'It touches no line, phone or trunk.' : `It touches ${named}.`;
  const standing = calls.length === 0 ? '' : ` Calls that stand there: ${calls.length}; they go on.`;
  const late = restart
    ? ' It takes another start of the appliance, which waits until no call stands; who is logged in here logs in again.'
    : ' It takes effect at once, and no call is ended.';
  return whom + standing + late;
}
