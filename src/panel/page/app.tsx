import { useEffect, useState } from 'preact/hooks';
import type { HealthStatus } from '../../status/schema.ts';
import { api, followStatus } from './api.ts';
import { Board } from './board.tsx';
import { Calls } from './calls.tsx';
import { Configuration } from './configuration.tsx';
import { formatSpan } from './format.ts';
import { AppLog } from './log.tsx';
import { applyMessage, type Model } from './model.ts';
import { Phone } from './phone.tsx';
import { usePolled } from './polling.ts';
import { Tracer } from './tracer.tsx';
import { Phones, Trunks } from './trunks.tsx';

/** The panel: the appliance as it stands, and its emulated phones to try it with. */
export function App() {
  const [model, setModel] = useState<Model>();
  const [linked, setLinked] = useState(true);
  const [selected, setSelected] = useState<number>();
  const [board, askBoard] = usePolled(api.board, 3_600_000, []);
  useEffect(
    () =>
      followStatus(
        (message) => setModel((before) => applyMessage(before, message)),
        (up) => {
          setLinked(up);
          if (up) askBoard();
        },
      ),
    [],
  );
  useEffect(() => {
    if (model !== undefined) document.title = `${model.site} – Branchline`;
  }, [model?.site]);

  function select(port: number): void {
    setSelected(port);
    document.getElementById(`phone-${port}`)?.scrollIntoView({ behavior: 'smooth', block: 'nearest' });
  }

  return (
    <>
      <Head model={model} linked={linked} />
      {model === undefined ? (
        <main class="waiting" aria-busy="true">
          {linked ? 'Asking the appliance…' : 'The appliance does not answer; this page tries again by itself.'}
        </main>
      ) : (
        <main>
          {board === undefined ? null : (
            <>
              <Board board={board} lines={model.lines} selected={selected} onSelect={select} />
              <section class="handsets" aria-label="Emulated phones">
                {board.phones.map((port) => (
                  <Phone
                    key={port}
                    port={port}
                    line={model.lines[String(port)]}
                    selected={selected === port}
                    onSelect={() => setSelected(port)}
                  />
                ))}
              </section>
            </>
          )}
          <Calls calls={model.calls} />
          <Trunks trunks={model.trunks} />
          <Phones phones={model.phones} />
          <Tracer lines={model.lines} />
          <Configuration />
          <AppLog />
          <Machine />
        </main>
      )}
    </>
  );
}

function Head({ model, linked }: { readonly model: Model | undefined; readonly linked: boolean }) {
  const [neighbours] = usePolled(api.neighbours, 3_600_000, [linked, model === undefined]);
  const [session] = usePolled(api.session, 3_600_000, [linked]);
  return (
    <header class="head">
      <img src="icon.svg" alt="" width="32" height="32" />
      <div>
        <h1>{model?.site ?? 'Branchline'}</h1>
        <p>Branchline {model?.version}</p>
      </div>
      <nav aria-label="Other panels">
        {neighbours?.map(({ name, url }) => (
          <a key={url} href={url}>
            {name} <span aria-hidden="true">↗</span>
          </a>
        ))}
      </nav>
      {typeof session?.user === 'string' ? (
        <form method="post" action="logout">
          <button type="submit">Log {session.user} out</button>
        </form>
      ) : null}
      <p class="pill" role="status" data-health={linked ? 'good' : 'bad'}>
        {linked ? 'Live' : 'No connection'}
      </p>
    </header>
  );
}

/** What the machine says of itself, as far as it does: nothing on most of them. */
function Health({ temperatureC, power, clock }: HealthStatus) {
  return (
    <>
      {temperatureC === null ? null : <p>{temperatureC.toFixed(0)} °C</p>}
      {power?.undervoltage ? <p data-health="bad">The supply is too weak</p> : null}
      {power?.throttled ? <p data-health="bad">The processor is slowed down</p> : null}
      {clock?.synchronised === false ? <p data-health="bad">The clock was not set</p> : null}
      {typeof clock?.hatPpm === 'number' ? <p>HAT clock {clock.hatPpm.toFixed(1)} ppm fast</p> : null}
    </>
  );
}

/** The appliance itself: what it dropped and how punctual its media is. */
function Machine() {
  const [status] = usePolled(api.status, 5_000, []);
  const [health] = usePolled(api.health, 15_000, []);
  if (status === undefined) return null;
  const { mqtt, media, dropped } = status;
  const drops = Object.entries(dropped);
  return (
    <footer class="machine">
      <p>Up {formatSpan(status.uptimeMs)}</p>
      {mqtt === null ? null : (
        <p title={mqtt.reason ?? undefined}>
          MQTT {mqtt.state}
          {mqtt.protocol === null ? '' : `, version ${mqtt.protocol}`}
        </p>
      )}
      <p>
        Media {media.io}, 99 % of blocks within {media.tickLatenessMs.p99.toFixed(1)} ms
      </p>
      {health === undefined ? null : <Health {...health} />}
      {drops.length === 0 ? null : (
        <details>
          <summary>Dropped: {drops.reduce((sum, [, count]) => sum + count, 0)}</summary>
          <ul>
            {drops.map(([reason, count]) => (
              <li key={reason}>
                {reason}: {count}
              </li>
            ))}
          </ul>
        </details>
      )}
    </footer>
  );
}
