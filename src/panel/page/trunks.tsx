import { useState } from 'preact/hooks';
import type { PhoneStatus, TrunkStatus } from '../../status/schema.ts';
import { api } from './api.ts';
import { ordersOf, wordOf } from './format.ts';
import { inOrder } from './model.ts';
import { useNow, usePolled } from './polling.ts';

/** Where calls leave the branch: what stands, since when, and why it does not. */
export function Trunks({ trunks }: { readonly trunks: Readonly<Record<string, TrunkStatus>> }) {
  const all = inOrder(trunks);
  if (all.length === 0) return null;
  return (
    <section aria-labelledby="trunks">
      <h2 id="trunks">Trunks</h2>
      <div class="cards">
        {all.map(([name, trunk]) => (
          <article key={name} class="card" aria-label={`Trunk ${name}`}>
            <header>
              <h3>{name}</h3>
              <span class="kind">{trunk.kind.toUpperCase()}</span>
            </header>
            <p class="pill" data-health={trunkHealth(trunk)}>
              {trunkWord(trunk)}
            </p>
            <dl>
              <Fact name="Peer" value={trunk.address} />
              <Fact name="Round trip" value={trunk.rttMs === null ? null : `${trunk.rttMs} ms`} />
              <Fact name="Seen as" value={trunk.registration?.apparent ?? null} />
              <Fact
                name="Messages"
                value={trunk.registration?.messages === undefined ? null : `${trunk.registration.messages.new} new`}
              />
              <Fact
                name="Refresh"
                value={trunk.registration?.refreshS == null ? null : `every ${trunk.registration.refreshS} s`}
              />
            </dl>
            {trunk.reason === null ? null : <p class="problem">{trunk.reason}</p>}
          </article>
        ))}
      </div>
    </section>
  );
}

export function Phones({ phones }: { readonly phones: Readonly<Record<string, PhoneStatus>> }) {
  const all = inOrder(phones);
  const [adoption = null, ask] = usePolled(api.adoption, 2_000, []);
  if (all.length === 0 && adoption === null) return null;
  return (
    <section aria-labelledby="phones">
      <h2 id="phones">SIP phones</h2>
      {adoption === null ? null : <AddPhone until={adoption.until} onChange={ask} />}
      <div class="cards">
        {all.map(([user, phone]) => (
          <article key={user} class="card" aria-label={`Phone ${user}`}>
            <header>
              <h3>{phone.name ?? user}</h3>
              <span class="kind">{phone.extension}</span>
            </header>
            <p class="pill" data-health={phone.state === 'registered' ? 'good' : 'off'}>
              {wordOf(phone.state)}
            </p>
            <dl>
              <Fact name="Contact" value={phone.contact} />
              <Fact name="Calls" value={ordersOf(phone)} />
            </dl>
            {phone.adopted ? (
              <button type="button" onClick={() => void api.forgetPhone(user)}>
                Forget
              </button>
            ) : null}
          </article>
        ))}
      </div>
    </section>
  );
}

/** Adopt mode: what has to be entered at the phone is shown while it is open, and never again. */
function AddPhone({ until, onChange }: { readonly until: string | null; readonly onChange: () => void }) {
  const [secret, setSecret] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const now = useNow(until !== null);

  async function open(): Promise<void> {
    const opened = await api.openAdoption();
    setSecret(opened.ok ? opened.value.secret : undefined);
    setProblem(opened.ok ? undefined : opened.error);
    onChange();
  }

  async function close(): Promise<void> {
    await api.closeAdoption();
    onChange();
  }

  if (until === null)
    return (
      <p>
        <button type="button" onClick={() => void open()}>
          Add a phone
        </button>
        {problem === undefined ? null : <span role="alert"> {problem}</span>}
      </p>
    );
  const seconds = Math.max(0, Math.round((Date.parse(until) - now) / 1_000));
  return (
    <div class="card" role="status">
      <p>
        One phone may register within {seconds} s. Enter this machine as its registrar, its number as its user name
        {secret === undefined ? ', and the secret that was given when this was opened.' : ', and this secret:'}
      </p>
      {secret === undefined ? null : (
        <p>
          <code>{secret.replace(/(.{4})(?=.)/g, '$1 ')}</code> (without the blanks)
        </p>
      )}
      <button type="button" onClick={() => void close()}>
        Stop
      </button>
    </div>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string | null }) {
  if (value === null) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function trunkHealth({ reachable, registration }: TrunkStatus): 'good' | 'wait' | 'bad' | 'off' {
  if (reachable === false) return 'bad';
  if (registration === null) return reachable === true ? 'good' : 'off';
  if (registration.state === 'registered') return 'good';
  return registration.state === 'registering' || registration.state === 'unregistered' ? 'wait' : 'bad';
}

function trunkWord({ reachable, registration }: TrunkStatus): string {
  if (reachable === false) return 'Unreachable';
  if (registration !== null) return wordOf(registration.state);
  return reachable === true ? 'Reachable' : 'Not monitored';
}
