import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { publishedSchemas } from '../../src/status/schema.ts';
import { formatTime } from '../../src/status/wall-time.ts';

const deploy = join(import.meta.dirname, '../../deploy');
const telegraf = readFileSync(join(deploy, 'telegraf/telegraf.conf'), 'utf8');
const acl = readFileSync(join(deploy, 'mosquitto/acl'), 'utf8');
const schemas = publishedSchemas();

/** The published schema of what stands on a topic. */
const SCHEMA_OF: Readonly<Record<string, string>> = {
  'trunks/+': 'trunk',
  'lines/+': 'line',
  'phones/+': 'phone',
  events: 'event',
};

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Node>>;
}

function has(root: Node, path: readonly string[], node = root): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return true;
  const child = node.properties?.[key];
  const named = root.$defs?.[node.$ref?.replace('#/$defs/', '') ?? ''];
  const others = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(named === undefined ? [] : [named])];
  return (child !== undefined && has(root, rest, child)) || others.some((other) => has(root, path, other));
}

/** What Telegraf takes: for each measurement its topics, what it reads of their messages, and what it calls that. */
const inputs = telegraf
  .split('[[inputs.mqtt_consumer]]')
  .slice(1)
  .map((block) => {
    const all = (pattern: RegExp) => [...block.matchAll(pattern)].map(([, found = '']) => found);
    return {
      measurement: all(/measurement_name = "(.*)"/g)[0] ?? '',
      clientId: all(/client_id = "(.*)"/g)[0],
      isPersistent: block.includes('persistent_session = true'),
      parsed: all(/^ {4}topic = "(.*)"/gm),
      tags: all(/^ {4}tags = "(.*)"/gm),
      formats: all(/timestamp_format = "(.*)"/g),
      topics: all(/^ {2}topics = \["(.*)"\]/gm).flatMap((list) => list.split('", "')),
      paths: [...all(/^ +path = "(.*)"/gm), ...all(/timestamp_path = "(.*)"/g)],
      names: [...all(/rename = "(.*)"/g), ...all(/^ {4}tags = "(.*)"/gm).flatMap((tags) => tags.split('/'))],
    };
  });
const made = [...telegraf.matchAll(/dest = "(.*)"/g)].map(([, name = '']) => name);

describe('deploy/telegraf', () => {
  test('subscribes to topics of the appliance that the account `reader` may read', () => {
    const [, reader = ''] = acl.split('user reader');
    const topics = inputs.flatMap((input) => input.topics);
    expect(topics.length).toBeGreaterThanOrEqual(6);
    for (const topic of topics) expect(reader, topic).toContain(`topic read ${topic}\n`);
  });

  test('reads fields that the published schemas have', () => {
    for (const { topics, paths } of inputs) {
      for (const topic of topics) {
        const name = topic.replace('branchline/+/', '');
        const schema = schemas[SCHEMA_OF[name] ?? name];
        expect(schema, name).toBeDefined();
        expect(
          paths.filter((path) => !has(schema as Node, path.split('.'))),
          name,
        ).toEqual([]);
      }
    }
  });

  test('names the place of each measurement by the level of the topic that has it', () => {
    const places: Readonly<Record<string, string>> = { 'trunks/+': 'trunk', 'lines/+': 'line' };
    for (const { topics, parsed, tags } of inputs) {
      expect(parsed).toEqual(topics);
      for (const topic of topics) {
        const [, , ...rest] = topic.split('/');
        const place = places[rest.join('/')];
        expect(tags, topic).toEqual([['_', 'site', ...rest.map((level) => (level === '+' ? place : '_'))].join('/')]);
      }
    }
  });

  test('reads times as the appliance writes them', () => {
    for (const { formats } of inputs) {
      // How Go writes a layout: the second of January 2006, with zeros of a fraction left out.
      const [layout = ''] = formats;
      expect(formats).toHaveLength(1);
      expect(formatTime(Date.UTC(2006, 0, 2, 15, 4, 5, 999))).toBe(layout);
    }
  });

  test('has a persistent session, under a name of its own, where what is missed is lost', () => {
    for (const { topics, isPersistent } of inputs)
      expect(isPersistent, topics.join()).toBe(topics.some((topic) => /\/(?:cdr|events)$/.test(topic)));
    expect(new Set(inputs.map(({ clientId }) => clientId)).size).toBe(inputs.length);
  });
});

describe('deploy/grafana', () => {
  const dashboard = JSON.parse(readFileSync(join(deploy, 'grafana/fleet.json'), 'utf8')) as {
    readonly panels: readonly {
      readonly id: number;
      readonly title: string;
      readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
      readonly targets: readonly { readonly query: string }[];
    }[];
  };

  test('asks for measurements, fields and tags that Telegraf makes', () => {
    for (const { title, targets } of dashboard.panels) {
      for (const { query } of targets) {
        const [, measurement] = /_measurement == "(\w+)"/.exec(query) ?? [];
        const input = inputs.find((one) => one.measurement === measurement);
        expect(input, title).toBeDefined();
        const names = [...input!.names, ...made];
        const fields = [...query.matchAll(/_field == "(\w+)"/g)].map(([, name]) => name);
        const tags = [...query.matchAll(/\br\.([a-z]\w*)/g)].map(([, name]) => name);
        const columns = [...query.matchAll(/columns: \[([^\]]*)\]/g)].flatMap(([, list = '']) =>
          [...list.matchAll(/"([a-z]\w*)"/g)].map(([, name]) => name),
        );
        for (const name of [...fields, ...tags, ...columns]) expect(names, `${title}: ${name}`).toContain(name);
      }
    }
  });

  test('has panels with numbers of their own that do not lie on each other', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });
});
