import { describe, expect, it } from 'vitest';
import { applyMessage, inOrder, type Model, type ServerMessage } from '../../../../src/panel/page/model.ts';
import type { CallEvent } from '../../../../src/status/schema.ts';
import { fakeServices } from '../services.ts';

const status = fakeServices().services.status();
const start = applyMessage(undefined, { type: 'status', status })!;
const [call] = status.calls;

function modelAfter(...messages: ServerMessage[]): Model {
  return messages.reduce((model: Model, message) => applyMessage(model, message)!, start);
}

function event(changes: Partial<CallEvent>): ServerMessage {
  const body: CallEvent = { ...call!, event: 'state', cause: null, at: call!.since, ...changes };
  return { type: 'call', topic: `calls/${body.id}`, body };
}

describe('applyMessage', () => {
  it('waits for the whole status', () => {
    expect(applyMessage(undefined, { type: 'state', topic: 'lines/1', body: {} })).toBeUndefined();
    expect(start).toMatchObject({ site: 'lyon-01', lines: status.lines, trunks: status.trunks });
  });

  it('takes over states, adds and removes, and reads names back', () => {
    const model = modelAfter(
      { type: 'state', topic: 'trunks/a%2Fb', body: { kind: 'iax2' } },
      { type: 'state', topic: 'lines/1', body: null },
      { type: 'state', topic: 'health', body: {} },
    );
    expect(Object.keys(model.trunks).sort()).toEqual(['a/b', 'hq']);
    expect(model.lines).toEqual({});
  });

  it('follows a call from its first word to its end', () => {
    const ringing = modelAfter(event({ id: 'c2', state: 'ringing' }));
    expect(ringing.calls.map(({ id, state }) => [id, state])).toEqual([
      ['c1', 'talking'],
      ['c2', 'ringing'],
    ]);
    const ended = applyMessage(ringing, event({ id: 'c1', state: 'ending', cause: 'normal-clearing' }));
    expect(ended?.calls.map(({ id }) => id)).toEqual(['c2']);
  });

  it('keeps two minutes of the quality of the worst leg, also over a new connection', () => {
    const events = Array.from({ length: 30 }, (_, i) => {
      const legs = call!.legs.map((leg, n) => ({ ...leg, mos: n === 0 ? 4.4 : 1 + i / 10 }));
      return event({ event: 'quality', legs });
    });
    const model = modelAfter(...events, { type: 'status', status });
    expect(model.calls[0]?.mos).toHaveLength(24);
    expect(model.calls[0]?.mos.at(-1)).toBeCloseTo(3.9);
  });
});

it('orders lines by number', () => {
  expect(inOrder({ '10': 'a', '9': 'b', '1': 'c' }).map(([name]) => name)).toEqual(['1', '9', '10']);
});
