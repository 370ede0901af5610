import { api } from './api.ts';
import { formatDuration, qualityWord, wordOf } from './format.ts';
import { type CallView, worstMos } from './model.ts';
import { useNow } from './polling.ts';

/** Every call that stands, how long, how good over time. */
export function Calls({ calls }: { readonly calls: readonly CallView[] }) {
  const now = useNow(calls.length > 0);
  return (
    <section aria-labelledby="calls">
      <h2 id="calls">
        Calls <span class="count">{calls.length}</span>
      </h2>
      {calls.length === 0 ? (
        <p class="empty">No call stands. Lift a handset and dial.</p>
      ) : (
        <ul class="calls">
          {calls.map((call) => (
            <li key={call.id} data-state={call.state} aria-label={`Call from ${call.from} to ${call.to}`}>
              <span class="parties">
                <b>{call.from}</b> <span aria-hidden="true">→</span> <b>{call.to}</b>
              </span>
              <span class="pill" data-health={call.state === 'talking' ? 'good' : 'wait'}>
                {wordOf(call.state)}
              </span>
              <time class="duration">{formatDuration(now - Date.parse(call.since))}</time>
              <Quality call={call} />
              <button type="button" class="end" onClick={() => void api.hangup(call.id)}>
                End call
              </button>
              <span class="legs">{call.legs.map(({ channel }) => channel).join(' · ')}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const WIDTH = 72;
const HEIGHT = 20;

function Quality({ call }: { readonly call: CallView }) {
  const mos = call.mos.at(-1) ?? worstMos(call);
  if (mos === null) return <span class="quality" />;
  const values = call.mos.length > 1 ? call.mos : [mos, mos];
  const points = values.map((value, i) => {
    const x = (i / (values.length - 1)) * WIDTH;
    return `${x.toFixed(1)},${(HEIGHT - ((value - 1) / 3.5) * HEIGHT).toFixed(1)}`;
  });
  return (
    <span class="quality" data-quality={qualityWord(mos)}>
      <svg
        class="trend"
        viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`}
        role="img"
        aria-label={`Quality over the last two minutes, ${mos} of 4.5 at the end`}
      >
        <polyline points={points.join(' ')} />
      </svg>
      {mos.toFixed(1)}
    </span>
  );
}
