import type { ExchangeState, TownExchange } from './town-exchange.ts';

const ACTIONS = ['ring', 'answer', 'clear', 'voltage'] as const;
type Action = (typeof ACTIONS)[number];

/** What a town line shows besides what every line does. */
export interface TownReport {
  /** What the exchange is doing. */
  readonly exchange: ExchangeState;
  /** The number that came out of the town line last. */
  readonly dialled: string;
}

export function reportTown(exchange: TownExchange): TownReport {
  return { exchange: exchange.state, dialled: exchange.dialled };
}

/** Does what a body asks of the far end of a town line; gives why not. */
export function applyTown(
  exchange: TownExchange,
  body: Readonly<Record<string, unknown>>,
): { readonly status: 400 | 409; readonly error: string } | undefined {
  const [action, ...more] = Object.keys(body);
  if (action === undefined || more.length > 0 || !ACTIONS.some((one) => one === action))
    return { status: 400, error: `On a town line exactly one of ${ACTIONS.join(', ')} is needed.` };
  return act(exchange, action as Action, body[action]);
}

function act(exchange: TownExchange, action: Action, value: unknown): ReturnType<typeof applyTown> {
  switch (action) {
    case 'ring': {
      const caller = callerOf(value);
      if (caller === undefined)
        return { status: 400, error: '"ring" must be {"callerId": "…"}, digits or empty, with "name" or without.' };
      return exchange.ring(caller.number, caller.name) ? undefined : { status: 409, error: 'The town line is in use.' };
    }
    case 'voltage':
      if (value !== 0 && value !== 9 && value !== 48) return { status: 400, error: '"voltage" must be 0, 9 or 48.' };
      exchange.setVoltage(value);
      return undefined;
    default:
      if (value !== true) return { status: 400, error: `"${action}" must be true.` };
      if (action === 'answer')
        return exchange.answer() ? undefined : { status: 409, error: 'No number was dialled that could answer.' };
      return exchange.clear() ? undefined : { status: 409, error: 'There is no call that could be cleared.' };
  }
}

function callerOf(value: unknown): { readonly number: string; readonly name: string } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { callerId = '', name = '', ...rest } = value as Readonly<Record<string, unknown>>;
  if (Object.keys(rest).length > 0 || typeof callerId !== 'string' || typeof name !== 'string') return undefined;
  return /^\+?[0-9]{0,20}$/.test(callerId) && name.length <= 15 ? { number: callerId, name } : undefined;
}
