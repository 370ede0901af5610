import { describe, expect, it } from 'vitest';
import { type MqttMessage, StatusPublisher } from '../../../src/status/publisher.ts';

function publisher(topics: Record<string, object>) {
  const sent: MqttMessage[] = [];
  const filters: string[] = [];
  const connection = {
    publish: (message: MqttMessage) => void sent.push(message),
    subscribe: (added: readonly string[]) => void filters.push(...added),
  };
  const status = new StatusPublisher(
    'lyon-01',
    () => Object.entries(topics),
    () => Date.UTC(2026, 0, 1),
  );
  return { status, connection, filters, take: () => sent.splice(0) };
}

const birth = {
  topic: 'branchline/lyon-01/state',
  payload: '{"state":"online","session":"s1","at":"2026-01-01T00:00:00.000Z"}',
  qos: 1,
  retain: true,
};

describe('StatusPublisher', () => {
  it('has its will and its birth on one retained topic, at the same QoS, with the session', () => {
    const { status, connection, take } = publisher({});
    expect(status.will('s1')).toEqual({ ...birth, payload: birth.payload.replace('online', 'offline') });
    status.handleConnected(connection, 's1');
    expect(take()).toEqual([birth]);
  });

  it('tells everything it has, retained, on each connect', () => {
    const { status, connection, take } = publisher({ 'lines/1': { state: 'idle' } });
    for (const session of ['s1', 's2']) {
      status.handleConnected(connection, session);
      expect(take().slice(1)).toEqual([
        { topic: 'branchline/lyon-01/lines/1', payload: '{"state":"idle"}', qos: 0, retain: true },
      ]);
      status.handleDisconnected();
    }
  });

  it('tells changes while connected, call events without retaining them, removals as empty', () => {
    const { status, connection, take } = publisher({});
    const removal = { type: 'state', topic: 'lines/2', body: null } as const;
    status.handleChange(removal);
    expect(take()).toEqual([]);
    status.handleConnected(connection, 's1');
    take();
    status.handleChange(removal);
    status.handleChange({ type: 'call', topic: 'calls/c1', body: { id: 'c1' } as never });
    expect(take()).toEqual([
      { topic: 'branchline/lyon-01/lines/2', payload: '', qos: 0, retain: true },
      { topic: 'branchline/lyon-01/calls/c1', payload: '{"id":"c1"}', qos: 0, retain: false },
    ]);
  });

  it('clears what an earlier run left at the broker, and only that', () => {
    const { status, connection, filters, take } = publisher({ 'lines/1': {} });
    status.handleConnected(connection, 's1');
    take();
    expect(filters).toEqual(
      expect.arrayContaining(['branchline/lyon-01/lines/+', 'branchline/lyon-01/health', 'branchline/lyon-01/state']),
    );
    status.handleMessage('branchline/lyon-01/lines/1', '{}', true);
    status.handleMessage('branchline/lyon-01/lines/9', '{}', false);
    status.handleMessage('branchline/lyon-01/lines/9', '', true);
    expect(take()).toEqual([]);
    status.handleMessage('branchline/lyon-01/lines/9', '{}', true);
    expect(take()).toEqual([{ topic: 'branchline/lyon-01/lines/9', payload: '', qos: 0, retain: true }]);
  });

  it('knows what somebody clears at the broker from what it has cleared itself', () => {
    const { status, connection, take } = publisher({ health: {}, 'lines/1': { state: 'idle' } });
    const isWipe = (name: string, payload = '') => status.isWipe(`branchline/lyon-01/${name}`, payload);
    expect(isWipe('state')).toBe(false);
    status.handleConnected(connection, 's1');
    expect(['state', 'health', 'lines/1'].every((name) => isWipe(name))).toBe(true);
    expect(isWipe('lines/2')).toBe(false);
    expect(isWipe('lines/1', '{}')).toBe(false);
    expect(status.isWipe('branchline/graz-02/state', '')).toBe(false);
    const told = take();
    status.tellAll();
    expect(take()).toEqual(told);
  });

  it('says online again when the will of an earlier connection comes late', () => {
    const { status, connection, take } = publisher({});
    status.handleConnected(connection, 's1');
    take();
    status.handleMessage('branchline/lyon-01/state', birth.payload, false);
    status.handleMessage('branchline/lyon-01/state', 'not JSON', false);
    expect(take()).toEqual([]);
    status.handleMessage('branchline/lyon-01/state', birth.payload.replace('online', 'offline'), false);
    expect(take()).toEqual([birth]);
  });

  it('stays offline after its farewell, even as that comes back to it', () => {
    const { status, connection, take } = publisher({});
    status.handleConnected(connection, 's1');
    take();
    const farewell = status.farewell();
    expect(farewell).toEqual(status.will('s1'));
    status.handleMessage(farewell.topic, farewell.payload, false);
    expect(take()).toEqual([]);
  });
});
