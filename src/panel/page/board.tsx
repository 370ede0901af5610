import { useEffect, useRef } from 'preact/hooks';
import type { LineStatus } from '../../status/schema.ts';
import type { EmulatedBoard, EmulatedLed } from '../emulator.ts';
import { api } from './api.ts';
import { ordersOf, wordOf } from './format.ts';
import { usePolled } from './polling.ts';

/** The HAT as one sees it: sockets with their LEDs, the keypad, the header that plugs into the Raspberry Pi. */
export function Board(props: {
  readonly board: EmulatedBoard;
  readonly lines: Readonly<Record<string, LineStatus>>;
  readonly selected: number | undefined;
  readonly onSelect: (port: number) => void;
}) {
  const { board, lines } = props;
  const [leds] = usePolled(api.leds, 1_000, []);
  const sockets = Array.from({ length: board.sockets }, (_, i) => i + 1);
  return (
    <section class="board" aria-label="Telephony HAT">
      <div class="board-header" aria-hidden="true" />
      <p class="board-name">{board.name}</p>
      <div class="sockets">
        {sockets.map((port) => {
          const line = lines[String(port)];
          const hasPhone = board.phones.includes(port);
          const orders = line === undefined ? null : ordersOf(line);
          const says = line === undefined ? 'not in use' : `${line.kind}, ${wordOf(line.state)}`;
          return (
            <button
              type="button"
              key={port}
              class="socket"
              data-state={line?.state ?? 'unused'}
              aria-label={`Line ${port}${line?.extension ? `, extension ${line.extension}` : ''}: ${says}${orders === null ? '' : `, ${orders}`}`}
              aria-pressed={props.selected === port}
              disabled={!hasPhone}
              onClick={() => props.onSelect(port)}
            >
              <Led led={leds?.[String(port)]} />
              <Jack />
              <span class="socket-name">{line?.extension ?? `Line ${port}`}</span>
              <span class="socket-state">{line === undefined ? '' : wordOf(line.state)}</span>
              {orders === null ? null : <span class="socket-orders">{orders}</span>}
            </button>
          );
        })}
      </div>
      <fieldset class="keypad" aria-label="Keypad of the HAT">
        {board.keys.map((key) => (
          <Key key={key} legend={key} />
        ))}
      </fieldset>
    </section>
  );
}

const SHORTEST_MS = 80;
const LONGEST_MS = 10_000;

/** A key of the keypad: it is down for as long as it was held here, for some things take a held key. */
function Key({ legend }: { readonly legend: string }) {
  const downMs = useRef<number | undefined>(undefined);
  const press = () => {
    const heldMs = downMs.current === undefined ? 0 : performance.now() - downMs.current;
    downMs.current = undefined;
    void api.press(legend, Math.round(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, heldMs))));
  };
  return (
    <button
      type="button"
      aria-label={`Key ${legend}`}
      onPointerDown={() => {
        downMs.current = performance.now();
      }}
      onPointerLeave={() => {
        downMs.current = undefined;
      }}
      onClick={press}
    >
      {legend}
    </button>
  );
}

/** An LED with its real rhythm. */
function Led({ led }: { readonly led: EmulatedLed | undefined }) {
  const element = useRef<HTMLSpanElement>(null);
  const { colour = 'off', onMs = 0, offMs = 0 } = led ?? {};
  useEffect(() => {
    if (colour === 'off' || offMs === 0 || onMs === 0) return undefined;
    const periodMs = onMs + offMs;
    const edge = onMs / periodMs;
    const animation = element.current?.animate(
      [
        { opacity: 1, offset: 0 },
        { opacity: 1, offset: edge },
        { opacity: 0.15, offset: edge },
        { opacity: 0.15, offset: 1 },
      ],
      { duration: periodMs, iterations: Number.POSITIVE_INFINITY },
    );
    return () => animation?.cancel();
  }, [colour, onMs, offMs]);
  return <span ref={element} class="led" data-colour={colour} aria-hidden="true" />;
}

/** A modular jack, seen from the front. */
function Jack() {
  return (
    <svg class="jack" viewBox="0 0 48 44" aria-hidden="true">
      <rect class="jack-shell" x="1" y="1" width="46" height="42" rx="5" />
      <path class="jack-hole" d="M9 10h30v22h-8v6H17v-6H9z" />
      <path class="jack-pins" d="M16 10v7M21 10v7M27 10v7M32 10v7" />
    </svg>
  );
}
