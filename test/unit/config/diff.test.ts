import { describe, expect, test } from 'vitest';
import { differences, formatChange } from '../../../src/config/diff.ts';
import { load, WHOLE } from './example.ts';

function changes(edit: (text: string) => string): string[] {
  const [before, after] = [load(WHOLE).configuration, load(edit(WHOLE)).configuration];
  expect(after).toBeDefined();
  return differences(before, after).map(formatChange);
}

describe('the differences of two configurations', () => {
  test('are none where only the spelling differs', () => {
    expect(
      changes((text) =>
        text.replace('refresh: 60s', 'refresh: 1m').replace('codecs: [alaw, ulaw]', 'codecs: [ "alaw", ulaw ]'),
      ),
    ).toEqual([]);
  });

  test('name each key with both values', () => {
    expect(changes((text) => text.replace('maxCalls: 8', 'maxCalls: 9').replace('name: Desk', 'name: Door'))).toEqual([
      '~ hat.lines[0].name: "Desk" → "Door"',
      '~ iax2.peers.centre.maxCalls: 8 → 9',
    ]);
  });

  test('tell what came and what went', () => {
    const edit = (text: string) =>
      text
        .replace(/ {4}- \{ port: 2.*\n/, '')
        .replace(', maxMembers: 30', '')
        .replace('dnd: "*78"', 'dnd: "*79"')
        .replace('net: {', 'net: { ')
        .replace(/^mqtt:.*$/m, '');
    expect(changes(edit).map((line) => line.slice(0, 40))).toEqual([
      '~ hat.lines[1].port: 2 → 3',
      '~ hat.lines[1].kind: "fxs" → "fxo"',
      '~ hat.lines[1].name: "Fax" → "Town"',
      '~ hat.lines[1].context: "house" → "town"',
      '~ hat.lines[1].fax: true → false',
      '- hat.lines[1].extension: "32"',
      '- hat.lines[2]: {"port":3,"kind":"fxo","',
      '~ conferences.60.maxMembers: 30 → 128',
      '~ features.dnd: "*78" → "*79"',
      '- mqtt: {"url":"mqtts://broker.example:8',
    ]);
  });
});
