import { useEffect, useRef, useState } from 'preact/hooks';
import type { CheckedConfiguration, ConfigurationStanding, ConfigurationText } from '../configuration.ts';
import { api } from './api.ts';
import { usePolled } from './polling.ts';
import { Review } from './review.tsx';
import { Outcome, Trial } from './trial.tsx';
import type { YamlEditor } from './yaml-editor.ts';

/** Validation waits until nobody types for so long. */
const PAUSE_MS = 500;

const SOURCES = {
  file: 'What runs is the file of this box.',
  panel: 'What runs was made at this panel, in place of the file of the box.',
  'head-office': 'What runs comes from head office. A change here stands until its next document.',
} as const;

/** The configuration: read, changed, checked, tried, and kept or taken back. */
export function Configuration() {
  const [pending, setPending] = useState(false);
  const [standing, ask, setStanding] = usePolled(api.configurationTrial, pending ? 1_000 : 3_000, [pending]);
  const [opened, setOpened] = useState<ConfigurationText & { readonly initial: string }>();
  /** What was put on trial from here, in case that it is rolled back. */
  const [draft, setDraft] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const isTried = standing !== undefined && standing.phase !== 'idle';
  useEffect(() => setPending(isTried), [isTried]);
  if (standing === undefined) return null;

  async function open(initial?: string): Promise<void> {
    const read = await api.configuration();
    setProblem(read.ok ? undefined : read.error);
    setOpened(read.ok ? { ...read.value, initial: initial ?? read.value.text } : undefined);
  }

  function take(answer: ConfigurationStanding): void {
    setStanding(answer);
    ask();
  }

  return (
    <section aria-labelledby="configuration">
      <h2 id="configuration">Configuration</h2>
      <Trial standing={standing} onAnswer={take} />
      {isTried ? null : <Outcome reported={standing.reported} />}
      <p>{SOURCES[standing.source]}</p>
      {opened === undefined ? (
        <div class="actions">
          <button type="button" onClick={() => void open()}>
            Edit the configuration
          </button>
          {draft === undefined || isTried || standing.reported?.state !== 'rolled-back' ? null : (
            <button type="button" onClick={() => void open(draft)}>
              Edit what was rolled back
            </button>
          )}
        </div>
      ) : (
        <Editing
          key={opened.version}
          opened={opened}
          isTried={isTried}
          isStale={!isTried && standing.version !== opened.version}
          onApplied={(answer, text) => {
            setOpened(undefined);
            setDraft(text);
            take(answer);
          }}
          onReload={() => void open()}
          onClose={() => setOpened(undefined)}
        />
      )}
      {problem === undefined ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}

interface EditingProps {
  readonly opened: ConfigurationText & { readonly initial: string };
  /** A configuration is on trial: nothing else can be. */
  readonly isTried: boolean;
  /** Another configuration runs than the one that is edited. */
  readonly isStale: boolean;
  readonly onApplied: (standing: ConfigurationStanding, text: string) => void;
  readonly onReload: () => void;
  readonly onClose: () => void;
}

function Editing({ opened, isTried, isStale, onApplied, onReload, onClose }: EditingProps) {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<YamlEditor | undefined>(undefined);
  const [checked, setChecked] = useState<CheckedConfiguration>();
  const [isReviewed, setReviewed] = useState(false);
  const [problem, setProblem] = useState<string>();

  useEffect(() => {
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let turn = 0;
    const check = async () => {
      const { current } = editor;
      if (current === undefined) return;
      const asked = ++turn;
      const result = await api.checkConfiguration(current.text);
      if (ended || asked !== turn) return;
      setProblem(result.ok ? undefined : result.error);
      if (!result.ok) return;
      setChecked(result.value);
      current.mark(result.value.problems);
    };
    const change = () => {
      turn++;
      setChecked(undefined);
      clearTimeout(timer);
      timer = setTimeout(() => void check(), PAUSE_MS);
    };
    import('./yaml-editor.ts').then(
      ({ createYamlEditor }) => {
        if (ended || place.current === null) return;
        editor.current = createYamlEditor(place.current, opened.initial, 'Configuration, YAML', change);
        void check();
      },
      () => setProblem('The editor could not be loaded; load this page again.'),
    );
    return () => {
      ended = true;
      clearTimeout(timer);
      editor.current?.destroy();
    };
  }, []);

  async function apply(confirmWithin: string): Promise<void> {
    const text = editor.current?.text ?? opened.initial;
    const result = await api.applyConfiguration({ text, version: opened.version, confirmWithin });
    if (result.ok) onApplied(result.value, text);
    else setProblem(result.error);
  }

  const problems = checked?.problems ?? [];
  const hasErrors = problems.some(({ severity, stopsRun }) => severity === 'error' || stopsRun === true);
  const isSame = editor.current?.text === opened.text;
  return (
    <div class="editing">
      <div ref={place} class="editor" hidden={isReviewed} />
      {isReviewed && checked !== undefined ? (
        <Review {...checked} onApply={(within) => void apply(within)} onBack={() => setReviewed(false)} />
      ) : (
        <>
          <p class="verdict" role="status">
            {checked === undefined ? 'Checking…' : verdictOf(checked, isSame)}
          </p>
          <ul class="problems" aria-label="Problems">
            {problems.map(({ line, column, severity, message }) => (
              <li key={`${line}:${column}:${message}`} data-severity={severity}>
                <button type="button" class="plain" onClick={() => editor.current?.goTo(line, column)}>
                  Line {line}, column {column}
                </button>{' '}
                {severity === 'warning' ? 'Warning: ' : ''}
                {message}
              </li>
            ))}
          </ul>
          <div class="actions">
            <button
              type="button"
              class="primary"
              disabled={checked === undefined || hasErrors || isSame || isTried || isStale}
              onClick={() => setReviewed(true)}
            >
              Review the change
            </button>
            <button type="button" onClick={onClose}>
              Discard
            </button>
          </div>
        </>
      )}
      {isStale ? (
        <p class="problem" role="alert">
          Another configuration has come into force meanwhile.{' '}
          <button type="button" onClick={onReload}>
            Load it, and discard this text
          </button>
        </p>
      ) : null}
      {problem === undefined ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function verdictOf({ problems, changes }: CheckedConfiguration, isSame: boolean): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  if (errors > 0) return `${counted(errors, 'error')}: it cannot run.`;
  const warned = warnings === 0 ? '' : `, ${counted(warnings, 'warning')}`;
  return isSame ? `As it runs${warned}.` : `Valid${warned}; ${counted(changes.length, 'change')}.`;
}
