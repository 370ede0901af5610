import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { describeWithPeers } from '../support/peers.ts';
import { peerFolder } from './peers/peer-store.ts';

/** What of the parser is used here. */
interface Parser {
  validate(text: string): Promise<readonly { code: string; message: string; severity: number; path: string[] }[]>;
}

/** Something better could be used, which is none of its business. */
const ADVICE = new Set(['asyncapi-latest-version']);

describeWithPeers('the AsyncAPI document, read by the parser of AsyncAPI itself', ['asyncapi-parser'], () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/reference/asyncapi.json'), 'utf8');
  let parser: Parser;
  beforeAll(() => {
    const require = createRequire(join(peerFolder('asyncapi-parser'), 'package.json'));
    const { Parser } = require('@asyncapi/parser') as { Parser: new () => Parser };
    parser = new Parser();
  });

  const complaints = async (document: string) => {
    const diagnostics = await parser.validate(document);
    return diagnostics
      .filter(({ code }) => !ADVICE.has(code))
      .map(({ code, message, path }) => `${path.join('.')}: ${code}: ${message}`);
  };

  it('has no complaint of any severity', async () => {
    expect(await complaints(text)).toEqual([]);
  });

  it('has some of a document with a reference to nothing, or an operation without a channel', async () => {
    expect(await complaints(text.replace('#/components/schemas/Presence', '#/components/schemas/Nobody'))).not.toEqual(
      [],
    );
    expect(await complaints(text.replace('#/channels/state"', '#/channels/nowhere"'))).not.toEqual([]);
  });
});
