import { useEffect, useRef, useState } from 'preact/hooks';
import type { LogEntry } from '../../status/log-book.ts';
import { followSocket } from './api.ts';
import { Choice } from './choice.tsx';

/** As many as the appliance itself remembers. */
const MAX_ENTRIES = 500;
const LEVELS = [
  ['info', 'All'],
  ['warn', 'Warnings and errors'],
  ['error', 'Errors'],
] as const;
const SEVERITY: Readonly<Record<LogEntry['level'], number>> = { info: 0, warn: 1, error: 2 };

/** The last entries of the appliance's log, live. */
export function AppLog() {
  const [entries, setEntries] = useState<readonly LogEntry[]>([]);
  const [paused, setPaused] = useState<readonly LogEntry[]>();
  const [level, setLevel] = useState<LogEntry['level']>('info');
  const list = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    let isFirst = true;
    return followSocket<readonly LogEntry[]>(
      'api/log',
      (more) => {
        // The first message of a connection is all there is.
        const fresh = isFirst;
        isFirst = false;
        setEntries((known) => (fresh ? more : [...known, ...more]).slice(-MAX_ENTRIES));
      },
      (up) => {
        isFirst ||= !up;
      },
    );
  }, []);
  const shown = (paused ?? entries).filter((entry) => SEVERITY[entry.level] >= SEVERITY[level]);
  const last = shown.at(-1)?.id;
  useEffect(() => {
    if (isAtEnd.current && list.current !== null) list.current.scrollTop = list.current.scrollHeight;
  }, [last, level]);
  const missed = paused === undefined ? 0 : entries.filter(({ id }) => id > (paused.at(-1)?.id ?? 0)).length;
  return (
    <section aria-labelledby="log">
      <h2 id="log">Log</h2>
      <div class="actions">
        <Choice name="Show" value={level} options={LEVELS} onChoose={setLevel} />
        <button
          type="button"
          aria-pressed={paused !== undefined}
          onClick={() => setPaused((before) => (before === undefined ? entries : undefined))}
        >
          Pause
        </button>
        {missed === 0 ? null : <span>{missed} more since</span>}
      </div>
      <div
        ref={list}
        class="log"
        role="log"
        aria-live="off"
        aria-label="Entries of the log"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard in every browser
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < 24;
        }}
      >
        {shown.length === 0 ? <p>Nothing of this kind was logged since the start.</p> : null}
        {shown.map(({ id, at, level: severity, part, message, fields }) => (
          <p key={id} data-level={severity}>
            <time dateTime={at}>{timeOf(at)}</time> <b>{severity}</b> <span class="part">{part}</span> {message}{' '}
            <small>{formatFields(fields)}</small>
          </p>
        ))}
      </div>
    </section>
  );
}

function timeOf(at: string): string {
  return new Date(at).toLocaleTimeString(undefined, { hour12: false });
}

function formatFields(fields: LogEntry['fields']): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
