import { describe, expect, it } from 'vitest';
import { discovery, discoveryTopic } from '../../../src/status/home-assistant.ts';
import { takeSnapshot } from '../../../src/status/snapshot.ts';
import { WallTime } from '../../../src/status/wall-time.ts';
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

  it('has an entity for each line, phone and trunk, each with an id of its own, on the topic of the state', () => {
    const { components } = discovery(snapshot, undefined, false) as {
      components: Record<string, { unique_id: string; p: string; name: string; state_topic?: string }>;
    };
    expect(Object.entries(components).map(([key, { p, name, state_topic }]) => [key, p, name, state_topic])).toEqual([
      ['line-1', 'sensor', 'Front desk', 'branchline/lyon-01/lines/1'],
      ['line-2', 'sensor', 'Line 201', 'branchline/lyon-01/lines/2'],
      ['phone-211', 'sensor', 'Phone 211', 'branchline/lyon-01/phones/211'],
      ['trunk-hq/1', 'binary_sensor', 'Trunk hq/1', 'branchline/lyon-01/trunks/hq%2F1'],
      ['temperature', 'sensor', 'Temperature', 'branchline/lyon-01/health'],
    ]);
    const ids = Object.values(components).map(({ unique_id }) => unique_id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('offers a button only where a command without a signature is taken', () => {
    expect(Object.keys((discovery(snapshot, undefined, true) as { components: object }).components)).toContain(
      'identify',
    );
  });
});
