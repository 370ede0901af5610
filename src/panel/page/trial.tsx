import { useState } from 'preact/hooks';
import type { ConfigurationStanding } from '../configuration.ts';
import { api, type Result } from './api.ts';
import { formatDuration } from './format.ts';

/** What is being tried, how long it has, and the two ways out of it. */
export function Trial({
  standing,
  onAnswer,
}: {
  readonly standing: ConfigurationStanding;
  readonly onAnswer: (standing: ConfigurationStanding) => void;
}) {
  const [problem, setProblem] = useState<string>();
  const { phase, by, unconfirmed, missing, remainingMs } = standing;
  if (phase === 'idle') return null;
  const isOurs = by === 'panel';

  async function answer(asked: Promise<Result<ConfigurationStanding>>): Promise<void> {
    const result = await asked;
    setProblem(result.ok ? undefined : result.error);
    if (result.ok) onAnswer(result.value);
  }

  return (
    <section class="card trial" aria-label="Configuration on trial">
      <p role="status">{sentenceOf(standing)}</p>
      {phase !== 'trial' || remainingMs === null ? null : (
        <p class="countdown">
          <strong>{formatDuration(remainingMs)}</strong> until it is rolled back by itself
        </p>
      )}
      {missing.map((message) => (
        <p key={message} class="problem">
          {message}
        </p>
      ))}
      {phase !== 'ending' && isOurs ? (
        <div class="actions">
          {phase === 'trial' ? (
            <button
              type="button"
              class="primary"
              disabled={!unconfirmed}
              onClick={() => void answer(api.confirmConfiguration())}
            >
              Confirm
            </button>
          ) : null}
          <button type="button" onClick={() => void answer(api.rollBackConfiguration())}>
            Roll back
          </button>
        </div>
      ) : null}
      {problem === undefined ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}

function sentenceOf({ phase, by, user, unconfirmed }: ConfigurationStanding): string {
  const whose =
    by === 'head-office' ? 'A configuration from head office' : `The change${user === null ? '' : ` by ${user}`}`;
  if (phase === 'applying') return `${whose} is on its way; what takes another start waits until no call stands.`;
  if (phase === 'ending') return 'The last configuration is being written down.';
  if (by === 'head-office') return `${whose} is on trial. Head office keeps it or takes it back.`;
  return unconfirmed
    ? `${whose} runs, on trial. Does everything work?`
    : `${whose} is confirmed. It is kept as soon as all that was reached before has been reached for five seconds.`;
}

/** What became of the last one, for people; nothing while there was none. */
export function Outcome({ reported }: Pick<ConfigurationStanding, 'reported'>) {
  if (reported === null || reported.state === 'pending-confirm') return null;
  const { by, user, revision, state, errors, at } = reported;
  const name =
    by === 'panel'
      ? `The change at the panel${user === null ? '' : ` by ${user}`}`
      : `Revision ${revision ?? '?'} from head office`;
  const what = { applied: 'was kept', rejected: 'was refused', 'rolled-back': 'was rolled back' }[state];
  const why = errors.map(({ message }) => message).join('; ');
  return (
    <p class={state === 'applied' ? 'outcome' : 'problem'} role="status">
      {name} {what}
      {why === '' ? '' : `: ${why}`} <time dateTime={at}>({new Date(at).toLocaleString()})</time>
    </p>
  );
}
