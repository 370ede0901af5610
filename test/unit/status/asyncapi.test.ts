import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asyncApi } from '../../../src/status/asyncapi.ts';

interface Api {
  readonly asyncapi: string;
  readonly channels: Record<
    string,
    { address: string; parameters: object; messages: Record<string, { payload: object }> }
  >;
  readonly components: { readonly schemas: Record<string, object> };
  readonly operations: Record<string, { action: string; channel: { $ref: string } }>;
}

const root = join(import.meta.dirname, '../../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

const nameIn = (ref: string) => ref.split('/').at(-1)!;

describe('the AsyncAPI document', () => {
  const api = asyncApi(version) as Api;

  it('has each topic once, with every parameter of its address and one schema', () => {
    const addresses = Object.values(api.channels).map(({ address }) => address);
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(addresses).toContain('branchline/{site}/cmd/originate');
    for (const { address, parameters, messages } of Object.values(api.channels)) {
      const named = [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(Object.keys(parameters).sort(), address).toEqual(named.sort());
      const { $ref } = messages['message']!.payload as { readonly $ref?: string };
      const schema = $ref === undefined ? messages['message']!.payload : api.components.schemas[nameIn($ref)];
      expect(schema, address).toMatchObject({ $schema: expect.stringContaining('draft-07') });
    }
  });

  it('has every schema once under its name, and refers to nothing that is not there', () => {
    const named = [...JSON.stringify(api).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref!);
    const schemas = named.filter((ref) => !ref.startsWith('#/channels/'));
    expect(schemas).toContain('#/components/schemas/Presence');
    expect(Object.keys(api.components.schemas)).toEqual(expect.arrayContaining(schemas.map(nameIn)));
    expect(schemas.every((ref) => ref === `#/components/schemas/${nameIn(ref)}`)).toBe(true);
    expect(JSON.stringify(api)).not.toContain('definitions');
  });

  it('has operations on its own channels only, each sent or received', () => {
    for (const { action, channel } of Object.values(api.operations)) {
      expect(['send', 'receive']).toContain(action);
      expect(Object.keys(api.channels)).toContain(channel.$ref.replace('#/channels/', ''));
    }
  });

  it('stands in docs/reference as the code has it', () => {
    const text = readFileSync(join(root, 'docs/reference/asyncapi.json'), 'utf8');
    expect(JSON.parse(text), 'run: npx tsx scripts/generate-schemas.ts').toEqual(JSON.parse(JSON.stringify(api)));
  });
});
