import { describe, expect, it } from 'vitest';
import { readCommand } from '../../../src/status/command.ts';
import { discovery, discoveryTopic } from '../../../src/status/home-assistant.ts';
import { topicSchemas } from '../../../src/status/schema.ts';
import { takeSnapshot } from '../../../src/status/snapshot.ts';
import { WallTime } from '../../../src/status/wall-time.ts';
import { discoverySchema } from '../../support/home-assistant-schema.ts';
import { line, sourceOf, trunk } from './readings.ts';

const snapshot = takeSnapshot(
  sourceOf({ trunks: { 'hq/1': trunk }, lines: { 1: line, 2: { ...line, name: null } }, calls: [] }),
  new WallTime(),
  { nowMs: 0, wallMs: 0 },
);

describe('discovery by Home Assistant', () => {
  it('is one retained message of one device, available as long as it is online', () => {
    expect(discoveryTopic('lyon-01')).toBe('homeassistant/device/branchline-lyon-01/config');
    expect(discovery(snapshot, 'Lyon office', true)).toMatchObject({
      device: { identifiers: ['branchline-lyon-01'], name: 'Lyon office', sw_version: '1.0.0' },
      origin: { name: 'branchline' },
      availability: [{ topic: 'branchline/lyon-01/state', payload_available: 'online' }],
    });
  });

  it('has an entity for each line, phone and trunk and one for calls, each with an id of its own, on the topic of the state', () => {
    const { components } = discovery(snapshot, undefined, false) as {
      components: Record<string, { unique_id: string; p: string; name: string; state_topic?: string }>;
    };
    expect(Object.entries(components).map(([key, { p, name, state_topic }]) => [key, p, name, state_topic])).toEqual([
      ['line-1', 'sensor', 'Front desk', 'branchline/lyon-01/lines/1'],
      ['line-2', 'sensor', 'Line 201', 'branchline/lyon-01/lines/2'],
      ['phone-211', 'sensor', 'Phone 211', 'branchline/lyon-01/phones/211'],
      ['trunk-hq/1', 'binary_sensor', 'Trunk hq/1', 'branchline/lyon-01/trunks/hq%2F1'],
      ['calls', 'event', 'Calls', 'branchline/lyon-01/calls/+'],
      ['temperature', 'sensor', 'Temperature', 'branchline/lyon-01/health'],
      ['supply', 'binary_sensor', 'Supply', 'branchline/lyon-01/health'],
    ]);
    const ids = Object.values(components).map(({ unique_id }) => unique_id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is as Home Assistant takes it, also with names that a topic cannot have', () => {
    for (const takesPlainCommands of [true, false]) {
      const { components } = discoverySchema.parse(discovery(snapshot, undefined, takesPlainCommands));
      expect(components['trunk-hq/1']).toMatchObject({ unique_id: 'branchline-lyon-01-trunk-hq/1' });
    }
  });

  it('reads only what is on the topics that it names', () => {
    const { components, availability } = discoverySchema.parse(discovery(snapshot, undefined, true));
    const read = [
      ...Object.values(components),
      ...availability.map((it) => ({ ...it, state_topic: it.topic })),
    ].flatMap((part) =>
      'state_topic' in part
        ? [...(part.value_template ?? '').matchAll(/value_json\.(\w+)/g)].map(([, key]) => [part.state_topic, key!])
        : [],
    );
    expect(read.length).toBeGreaterThan(5);
    for (const [topic, key] of read) {
      const name = topic!.replace('branchline/lyon-01/', '').replace(/\/.*/, '/+') as keyof typeof topicSchemas;
      expect(Object.keys(topicSchemas[name].shape), topic).toContain(key);
    }
  });

  it('tells every turn that a call takes as an event of a kind that it has announced, and its quality as none', () => {
    const { components } = discoverySchema.parse(discovery(snapshot, undefined, false));
    const calls = components['calls'];
    if (calls?.p !== 'event') throw new Error('no event');
    expect(calls.event_types).toEqual(['dialling', 'ringing', 'talking', 'held', 'ending']);
    expect(calls.value_template).toMatch(
      /^\{\{ \{'event_type': value_json\.state, .*\} \| to_json if value_json\.event == 'state' else '\{\}' \}\}$/,
    );
  });

  it('has a button whose command is taken', () => {
    const { components } = discoverySchema.parse(discovery(snapshot, undefined, true));
    const button = components['identify'];
    if (button?.p !== 'button') throw new Error('no button');
    const verb = button.command_topic.split('/').at(-1)!;
    // Home Assistant puts the time in.
    const payload = button.command_template!.replace(/\{\{.*?\}\}/, '1767225600000');
    const receiver = { site: 'lyon-01', authority: { kind: 'broker' }, wallMs: 0 } as const;
    expect(readCommand(verb, payload, receiver)).toMatchObject({
      command: { verb: 'identify', id: 'ha-1767225600000' },
    });
  });

  it('offers a button only where a command without a signature is taken', () => {
    expect(Object.keys((discovery(snapshot, undefined, true) as { components: object }).components)).toContain(
      'identify',
    );
  });
});
