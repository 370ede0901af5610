import { describe, expect, test } from 'vitest';
import { AVAILABILITY } from '../../../src/config/availability.ts';
import { schemasAt } from '../../../src/config/schema/json-schema.ts';
import { load, problemsOf, WHOLE } from './example.ts';

describe('keys that this version ignores', () => {
  test('are told of once, at the key, and do not make the document invalid', () => {
    expect(problemsOf(WHOLE)).toEqual(['38:32: warning: tls:// is served with sip.tls.cert and sip.tls.key only']);
  });

  test('are none whose being ignored is unsafe, so that run starts', () => {
    const stops = load(WHOLE).problems.filter((problem) => problem.stopsRun);
    expect(stops.map((problem) => problem.message.split(':')[0])).toEqual([]);
  });

  test('are warned of with certain values only, where the others are built', () => {
    expect(
      problemsOf(
        'site: { id: a, country: fr }\nhat: { port: emulator, lines: [{ port: 1, kind: fxs, context: c, fax: false }] }\niax2: { peers: { hq: { type: peer, host: h } } }\nemergency: { via: [IAX2/hq] }\ndialplan: |\n  [c]\n',
      ),
    ).toEqual([]);
  });

  test('have a row for every section, and no row for a key that does not exist', () => {
    const sections = Object.keys(schemasAt([])[0]?.properties ?? {});
    expect(sections.filter((section) => !AVAILABILITY.some((row) => row.path === section))).toEqual([]);
    const isKnown = (path: string) => {
      const keys = path
        .split('.')
        .map((key, index, all) =>
          key !== '*' ? key : /^(lines|secret|listen|codecs)$/.test(all[index - 1]!) ? 0 : 'any',
        );
      return schemasAt(keys).length > 0;
    };
    expect(AVAILABILITY.map((row) => row.path).filter((path) => !isKnown(path))).toEqual([]);
  });
});
