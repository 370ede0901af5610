import { useEffect, useState } from 'preact/hooks';
import type { EnrolmentForm, EnrolmentStatus } from '../enrolment-api.ts';
import { api } from './api.ts';

const WORDS: Readonly<Record<EnrolmentStatus['state'], string>> = {
  'no-code': 'This box has no configuration yet.',
  'waiting-for-offer': 'Waiting for head office to offer something under this code.',
  asking: 'Asking head office.',
  taking: 'Taking the configuration.',
  enrolled: 'Enrolled: the box starts with its configuration. This page shows it in a moment.',
  refused: 'Refused: another code is needed.',
};

const LOOK_MS = 1_000;

/** What a box without a configuration asks of whoever opens its panel. */
export function Enrolment() {
  const [status, setStatus] = useState<EnrolmentStatus>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    let wasSeen = false;
    const look = async () => {
      const result = await api.enrolment();
      if (result.ok) setStatus(result.value);
      // Enrolled: what answers now is the appliance, whose page is another.
      else if (wasSeen && (await api.status()).ok) location.reload();
      wasSeen ||= result.ok;
    };
    void look();
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => clearInterval(timer);
  }, []);

  async function give(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const fields = [...new FormData(event.currentTarget as HTMLFormElement)];
    const form = Object.fromEntries(fields.filter(([, value]) => value !== '')) as EnrolmentForm;
    const result = await api.enrol(form);
    setError(result.ok ? undefined : result.error);
    if (result.ok) setStatus(result.value);
  }

  if (status === undefined) return <main class="waiting">Asking the box…</main>;

  return (
    <main>
      <section aria-labelledby="enrolment">
        <h2 id="enrolment">A new box</h2>
        <p role="status">{WORDS[status.state]}</p>
        {status.reason === null ? null : <p class="error">{status.reason}</p>}
        <form class="enrolment" onSubmit={(event) => void give(event)}>
          {status.broker === null ? (
            <>
              <Field name="broker" label="Broker" placeholder="mqtts://broker.example:8883" />
              <Field name="username" label="User there" />
              <Field name="password" label="Password there" hidden />
              <Text name="ca" label="Certificate to trust (PEM), where it is no public one" />
            </>
          ) : (
            <p>Head office is asked at {status.broker}.</p>
          )}
          {status.publicKey ? null : <Text name="publicKey" label="Key of head office (PEM)" />}
          <Field name="code" label="Code" placeholder="4821-0937-1157-2046" />
          <button type="submit" class="primary">
            Enrol
          </button>
        </form>
        {error === undefined ? null : (
          <p class="error" role="alert">
            {error}
          </p>
        )}
      </section>
    </main>
  );
}

/** A password is not read over a shoulder. */
const HIDDEN = { type: 'password' } as const;

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly placeholder?: string;
  readonly hidden?: true;
}

function Field({ name, label, placeholder, hidden }: FieldProps) {
  return (
    <label>
      {label}
      <input name={name} placeholder={placeholder} autocomplete="off" {...(hidden ? HIDDEN : {})} />
    </label>
  );
}

function Text({ name, label }: FieldProps) {
  return (
    <label>
      {label}
      <textarea name={name} rows={4} autocomplete="off" spellcheck={false} />
    </label>
  );
}
