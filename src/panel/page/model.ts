import type {
  CallEvent,
  CallStatus,
  LineStatus,
  PhoneStatus,
  StatusSnapshot,
  TrunkStatus,
} from '../../status/schema.ts';

/** What `/api/events` sends. */
export type ServerMessage =
  | { readonly type: 'status'; readonly status: StatusSnapshot }
  | { readonly type: 'state'; readonly topic: string; readonly body: object | null }
  | { readonly type: 'call'; readonly topic: string; readonly body: CallEvent };

/** A call with what was measured of it, one value each five seconds, oldest first. */
export interface CallView extends CallStatus {
  readonly mos: readonly number[];
}

export interface Model {
  readonly site: string;
  readonly version: string;
  readonly lines: Readonly<Record<string, LineStatus>>;
  readonly phones: Readonly<Record<string, PhoneStatus>>;
  readonly trunks: Readonly<Record<string, TrunkStatus>>;
  readonly calls: readonly CallView[];
}

/** Two minutes of quality. */
const KEPT_MEASURES = 24;

/** The model after a message; undefined before the first status. */
export function applyMessage(model: Model | undefined, message: ServerMessage): Model | undefined {
  if (message.type === 'status') return fromStatus(message.status, model);
  if (model === undefined) return undefined;
  if (message.type === 'call') return { ...model, calls: applyCall(model.calls, message.body) };
  const [kind, level] = message.topic.split('/', 2);
  if (level === undefined || (kind !== 'lines' && kind !== 'phones' && kind !== 'trunks')) return model;
  const name = decodeURIComponent(level);
  const { [name]: _, ...others } = model[kind];
  return { ...model, [kind]: message.body === null ? others : { ...others, [name]: message.body } };
}

function fromStatus(status: StatusSnapshot, before: Model | undefined): Model {
  const { site, version, lines, phones, trunks } = status;
  const calls = status.calls.map((call) => {
    const known = before?.calls.find(({ id }) => id === call.id);
    return { ...call, mos: known?.mos ?? [] };
  });
  return { site, version, lines, phones, trunks, calls };
}

function applyCall(calls: readonly CallView[], event: CallEvent): CallView[] {
  const others = calls.filter(({ id }) => id !== event.id);
  if (event.state === 'ending') return others;
  const before = calls.find(({ id }) => id === event.id);
  const worst = worstMos(event);
  const measured = event.event === 'quality' && worst !== null ? [worst] : [];
  const mos = [...(before?.mos ?? []), ...measured].slice(-KEPT_MEASURES);
  const { event: _event, cause: _cause, at: _at, ...call } = event;
  const view = { ...call, mos };
  if (before === undefined) return [...others, view];
  return calls.map((known) => (known.id === event.id ? view : known));
}

/** A call is as good as its worst leg. */
export function worstMos(call: CallStatus): number | null {
  const measured = call.legs.flatMap(({ mos }) => (mos === null ? [] : [mos]));
  return measured.length === 0 ? null : Math.min(...measured);
}

/** What the panel shows first: lines by number, names by the alphabet. */
export function inOrder<Item>(items: Readonly<Record<string, Item>>): [name: string, item: Item][] {
  return Object.entries(items).sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }));
}
