import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { LineStatus } from '../../status/schema.ts';
import type { EmulatedLine } from '../emulator.ts';
import { api, type PhoneCommand } from './api.ts';
import { wordOf } from './format.ts';
import { usePolled } from './polling.ts';
import { Earpiece, playKey } from './sound.ts';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const;
const LETTERS: Readonly<Record<string, string>> = {
  2: 'ABC',
  3: 'DEF',
  4: 'GHI',
  5: 'JKL',
  6: 'MNO',
  7: 'PQRS',
  8: 'TUV',
  9: 'WXYZ',
};

/** One emulated phone: its handset, display and keys, and its sound at the visitor's ear while it is lifted. */
export function Phone(props: {
  readonly port: number;
  readonly line: LineStatus | undefined;
  readonly selected: boolean;
  readonly onSelect: () => void;
}) {
  const { port, line } = props;
  const active = line !== undefined && line.state !== 'idle' && line.state !== 'out-of-service';
  const [phone, , setPhone] = usePolled(() => api.phone(port), active ? 300 : 1_000, [port, line?.state]);
  const [dialled, setDialled] = useState('');
  const [problem, setProblem] = useState<string>();
  const [talking, setTalking] = useState(false);
  const earpiece = useRef<Earpiece | undefined>(undefined);
  const lifted = phone?.hook === 'off';

  // The handset may also be put down by another page or by a program.
  const wasLifted = useRef(false);
  useEffect(() => {
    if (wasLifted.current && !lifted) dropEarpiece();
    wasLifted.current = lifted;
  }, [lifted]);
  useEffect(() => () => earpiece.current?.close(), []);

  function dropEarpiece(): void {
    earpiece.current?.close();
    earpiece.current = undefined;
    setTalking(false);
    setDialled('');
  }

  // Two requests may overtake each other: the next digit waits until the one before has arrived.
  const told = useRef(Promise.resolve());

  function tell(command: PhoneCommand): Promise<void> {
    told.current = told.current.then(async () => {
      const result = await api.tell(port, command);
      setProblem(result.ok ? undefined : result.error);
      if (result.ok) setPhone(result.value);
    });
    return told.current;
  }

  function toggleHandset(): void {
    props.onSelect();
    if (lifted) dropEarpiece();
    else earpiece.current ??= new Earpiece(port);
    void tell({ hook: lifted ? 'on' : 'off' });
  }

  function dial(key: string): void {
    if (!lifted) return;
    earpiece.current ??= new Earpiece(port);
    playKey(key);
    setDialled((digits) => (digits + key).slice(-24));
    void tell({ dial: key });
  }

  async function toggleMicrophone(): Promise<void> {
    if (talking) {
      earpiece.current?.mute();
      setTalking(false);
      return;
    }
    earpiece.current ??= new Earpiece(port);
    const refusal = await earpiece.current.talk();
    setProblem(refusal);
    setTalking(refusal === undefined);
  }

  useKeyboard(props.selected && lifted, dial);

  const state = line?.state ?? 'out-of-service';
  const label = line?.name ?? `Line ${port}`;
  return (
    <article
      id={`phone-${port}`}
      class="phone"
      data-state={state}
      data-selected={props.selected}
      data-in-hand={lifted}
      aria-label={`Phone ${line?.extension ?? port}, ${label}`}
    >
      <header>
        <h3>{label}</h3>
        <span class="extension">{line?.extension}</span>
      </header>
      <button
        type="button"
        class="handset"
        data-lifted={lifted}
        data-ringing={phone?.ringing ?? false}
        aria-pressed={lifted}
        aria-label={lifted ? 'Hang up' : phone?.ringing ? 'Answer' : 'Lift the handset'}
        onClick={toggleHandset}
      >
        <Handset />
        <span>{lifted ? 'Hang up' : phone?.ringing ? 'Answer' : 'Lift'}</span>
      </button>
      <div class="display" role="status" aria-live="polite">
        <span class="display-state">
          {wordOf(state)}
          {phone?.callerName ? ` · ${phone.callerName}` : ''}
          {phone?.lamp ? ' · message waiting' : ''}
        </span>
        <span class="display-text">{phone?.callerId ?? dialled}</span>
        <Heard phone={phone} />
      </div>
      <fieldset class="dial-pad" disabled={!lifted} aria-label={`Dial pad of ${label}`}>
        {KEYS.map((key) => (
          <button
            type="button"
            key={key}
            aria-label={`Dial ${key === '*' ? 'star' : key === '#' ? 'hash' : key}`}
            onClick={() => dial(key)}
          >
            <b>{key}</b>
            <small aria-hidden="true">{LETTERS[key] ?? '\u00a0'}</small>
          </button>
        ))}
      </fieldset>
      <div class="phone-actions">
        <button type="button" disabled={!lifted} onClick={() => void tell({ flash: true })}>
          Flash
        </button>
        <button type="button" disabled={!lifted} aria-pressed={talking} onClick={() => void toggleMicrophone()}>
          {talking ? 'Microphone on' : 'Talk'}
        </button>
      </div>
      {problem === undefined ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </article>
  );
}

/** Below this a tone is a part of the noise. */
const AUDIBLE_DBM0 = -35;

/** A level meter and the tones in it: one sees what one hears. */
function Heard({ phone }: { readonly phone: EmulatedLine | undefined }) {
  const lifted = phone?.hook === 'off';
  const levelDbm0 = lifted ? phone.heard.levelDbm0 : -90;
  const tones = lifted ? phone.heard.tones.filter(({ dbm0 }) => dbm0 >= AUDIBLE_DBM0) : [];
  const share = Math.max(0, Math.min(1, (levelDbm0 + 60) / 60));
  return (
    <span class="heard">
      <meter class="level" min={0} max={1} value={share} aria-label={`Heard level ${Math.round(levelDbm0)} dBm0`} />
      <span class="tones">{tones.map(({ hz }) => `${Math.round(hz)} Hz`).join(' + ')}</span>
    </span>
  );
}

function Handset() {
  return (
    <svg class="handset-picture" viewBox="0 0 64 28" aria-hidden="true">
      <path d="M4 20c-2-5-1-9 2-12C12 3 22 1 32 1s20 2 26 7c3 3 4 7 2 12l-1 3c-1 3-3 4-6 3l-7-2c-2-1-3-2-3-5v-4c-3-1-7-2-11-2s-8 1-11 2v4c0 3-1 4-3 5l-7 2c-3 1-5 0-6-3z" />
    </svg>
  );
}

/** Digits typed on the keyboard go to the phone that is in hand. */
function useKeyboard(active: boolean, dial: (key: string) => void): void {
  const latest = useRef(dial);
  latest.current = dial;
  // Before the next key: an effect that waits for the painting of the page would lose a fast one.
  useLayoutEffect(() => {
    if (!active) return undefined;
    const listen = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (/^[0-9*#]$/.test(event.key)) latest.current(event.key);
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, [active]);
}
