import { useState } from 'preact/hooks';
import type { LineStatus } from '../../status/schema.ts';
import type { RouteTrace } from '../services.ts';
import { api, type Result } from './api.ts';
import { inOrder } from './model.ts';

/** What would happen if one dialled that: each step of the dialplan, without calling anyone. */
export function Tracer({ lines }: { readonly lines: Readonly<Record<string, LineStatus>> }) {
  const [number, setNumber] = useState('');
  const [from, setFrom] = useState('');
  const [result, setResult] = useState<Result<RouteTrace>>();
  const sources = inOrder(lines).map(([port]) => `line/${port}`);
  const source = from || sources[0] || '';

  async function trace(event: Event): Promise<void> {
    event.preventDefault();
    setResult(await api.trace(number, source));
  }

  return (
    <section aria-labelledby="tracer">
      <h2 id="tracer">Where would it go?</h2>
      <form class="tracer" onSubmit={(event) => void trace(event)}>
        <label>
          From
          <input
            list="trace-sources"
            value={source}
            required
            onInput={({ currentTarget }) => setFrom(currentTarget.value)}
          />
          <datalist id="trace-sources">
            {sources.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </label>
        <label>
          Number
          <input
            inputMode="tel"
            autocomplete="off"
            placeholder="7123"
            value={number}
            required
            onInput={({ currentTarget }) => setNumber(currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary">
          Trace
        </button>
      </form>
      {result === undefined ? null : result.ok ? (
        <ol class="steps" aria-label="Steps">
          {result.value.steps.map((step, i) => (
            <li key={`${i} ${step.location}`}>
              <code class="location">{step.location}</code>
              <code>{step.application}</code>
              <span class="outcome">{step.outcome}</span>
            </li>
          ))}
        </ol>
      ) : (
        <p class="problem" role="alert">
          {result.error}
        </p>
      )}
    </section>
  );
}
