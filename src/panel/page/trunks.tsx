import type { PhoneStatus, TrunkStatus } from '../../status/schema.ts';
import { wordOf } from './format.ts';
import { inOrder } from './model.ts';

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
  if (all.length === 0) return null;
  return (
    <section aria-labelledby="phones">
      <h2 id="phones">SIP phones</h2>
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
            </dl>
          </article>
        ))}
      </div>
    </section>
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
