import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDocument } from '../../../src/config/document.ts';
import { MaskedText } from '../../../src/config/masked-text.ts';

const TEXT = `# Lyon, by hand. secret: "an old one"
site: { id: lyon-01 }   # do not rename
iax2:
  peers:
    hq:
      type: friend
      host: hq.example.net
      secret: [ "first, one", 'second' ]   # rotated in May
      context: office
    backup: { type: peer, host: b.example.net, secret: plain-text }
    third: { type: peer, host: c.example.net, secret: { env: THIRD } }
sip:
  listen: [tls://127.0.0.1:5061]
  tls:
    cert: |
      -----BEGIN CERTIFICATE-----
      aGVsbG8=
      -----END CERTIFICATE-----
    key: { file: key.pem }
dialplan: |
  [office]
  exten => 1,1,Dial(IAX2/box:dial-secret@hq/1) ; IAX2/box:other@backup/1
  exten => 2,1,Dial(SIP/u:deep@backup/2)
web: { listen: "http://127.0.0.1:8080", users: { admin: { passwordHash: $scrypt$15$8$1$c2FsdA$aGFzaA } } }
`;
const SECRETS = [
  'an old one',
  'first, one',
  'second',
  'plain-text',
  'aGVsbG8',
  'dial-secret',
  'other',
  'deep',
  'aGFzaA',
];
const maskText = (text: string) => new MaskedText(text).masked();
const restoreText = (edited: string, inForce: string) => new MaskedText(inForce).restore(edited);
const masked = maskText(TEXT)!;
const restore = (edited: string) => restoreText(edited, TEXT);

describe('MaskedText', () => {
  it('shows the text itself, with *** where a secret stands in a value, a dial string or a comment', () => {
    for (const secret of SECRETS) expect(masked).not.toContain(secret);
    expect(masked).toContain(`# Lyon, by hand. secret: ***\nsite: { id: lyon-01 }   # do not rename\n`);
    expect(masked).toContain(`secret: [ "***", "***" ]   # rotated in May`);
    expect(masked).toContain(`secret: { env: THIRD }`);
    expect(masked).toContain(`    cert: "***"\n    key: { file: key.pem }`);
    expect(masked).toContain(`Dial(IAX2/box:***@hq/1) ; IAX2/box:***@backup/1`);
    expect(masked).toContain(`users: { admin: { passwordHash: "***" } }`);
  });

  it('hides secrets in the comments of the dialplan, and puts them back', () => {
    const text = TEXT.replace(
      '  [office]\n',
      '  [office] ; password=in-front\n  ; the old one: secret => far away\n  ;exten => 3,1,Dial(SIP/x\\;pin=1)\n',
    );
    const shown = maskText(text)!;
    expect(shown).toContain('  [office] ; password=***\n  ; the old one: secret => ***\n');
    expect(restoreText(shown.replace('Dial(SIP/u', 'Dial(SIP/w:x@y&SIP/u'), text)).toMatchObject({
      text: text.replace('Dial(SIP/u', 'Dial(SIP/w:x@y&SIP/u'),
      problems: [],
    });
  });

  it.each([
    ['# secret: two words', '# secret: ***'],
    ["# { pin: 'open, never closed", '# { pin: ***'],
    ['# { pin: 12 34, name: Hall }', '# { pin: ***, name: Hall }'],
  ])('hides all of a secret that was commented out: %s', (comment, shown) => {
    expect(maskText(`${TEXT}${comment}\n`)).toBe(`${masked}${shown}\n`);
  });

  it('gives nothing where a secret is written so that it cannot be found', () => {
    const text = 'site: { id: a }\ndialplan: "[a]\\nexten => 1,1,Dial(IAX2/u\\x3ahidden@hq/1)\\n"\n';
    expect(maskText(text)).toBeUndefined();
  });

  it('leaves a text without secrets as it is', () => {
    const text = 'site: { id: lyon-01 } # pins are dull\r\n';
    expect(maskText(text)).toBe(text);
  });
});

describe('MaskedText.restore', () => {
  it('gives back to the letter what was not changed', () => {
    expect(restore(masked)).toMatchObject({ text: TEXT, problems: [] });
  });

  it('keeps every secret while other things are changed, moved and commented', () => {
    const edited = masked
      .replace('hq.example.net', 'hq.example.org')
      .replace('site: {', '# new\nsite: { name: "Lyon",')
      .replace(', secret: "***" }\n    third', ', secret: "***", maxCalls: 3 }\n    third')
      .replace('exten => 2', 'exten => 4,1,Dial(IAX2/box:***@hq/4)\n  exten => 2');
    const { text, problems } = restore(edited);
    expect(problems).toEqual([]);
    expect(text).toContain('secret: plain-text, maxCalls: 3 }');
    expect(text).toContain('Dial(IAX2/box:dial-secret@hq/4)');
    expect(text).not.toContain('***');
  });

  it('writes a value otherwise where it would not fit as it was', () => {
    const block = '      type: friend\n      host: hq.example.net\n      secret: one, two\n';
    const old = `site: { id: a }\niax2: { peers: { hq: { type: peer, host: h, secret: "x" } } }\n`;
    const own = `site: { id: a }\niax2:\n  peers:\n    hq:\n${block}`;
    const edited = old.replace('"x"', '"***"');
    expect(restoreText(edited, own).text).toBe(old.replace('"x"', '"one, two"'));
    const cert = TEXT.slice(TEXT.indexOf('sip:'), TEXT.indexOf('dialplan:'));
    const flat = 'sip: { listen: [tls://127.0.0.1:5061], tls: { cert: "***", key: { file: key.pem } } }\n';
    const { text } = restoreText(masked.replace(maskText(`site: { id: a }\n${cert}`)!.slice(16), flat), TEXT);
    expect(text).toContain('cert: "-----BEGIN CERTIFICATE-----\\naGVsbG8=\\n-----END CERTIFICATE-----\\n", key');
  });

  it.each([
    ['a new secret takes the place of the old', (text: string) => text.replace('[ "***", "***" ]', '"fresh"')],
    ['one is added after the others', (text: string) => text.replace('"***" ]', '"***", "third" ]')],
    ['one is added before the others', (text: string) => text.replace('[ "***"', '[ "zeroth", "***"')],
    ['a peer goes', (text: string) => text.replace(/ {4}backup: .*\n/, '')],
    ['the comment is changed', (text: string) => text.replace('by hand', 'by us')],
  ])('is sure when %s', (_, edit) => {
    expect(restore(edit(masked)).problems).toEqual([]);
  });

  it.each([
    ['a peer that is renamed', '    backup:', '    spare:', 10, 'iax2.peers.spare.secret: it is masked'],
    ['one of two that is gone', '[ "***", "***" ]', '[ "***", "new" ]', 8, 'of several masked secrets some are gone'],
    ['a place without a literal', '{ env: THIRD }', '"***"', 11, 'iax2.peers.third.secret: it is masked'],
    ['another user in a dial string', 'SIP/u:***@', 'SIP/w:***@', 20, 'SIP/w@backup: the secret is masked'],
  ])('asks for the secret of %s anew, and says where', (_, from, to, line, message) => {
    const { problems } = restore(masked.replace(from, to));
    expect(problems).toMatchObject([{ line, severity: 'error' }]);
    expect(problems[0]!.message).toContain(message);
  });

  describe('with several secrets of one user at one peer', () => {
    const several = TEXT.replace('# Lyon', '# Was IAX2/box:old@hq, Lyon').replace(
      '  exten => 2',
      '  ; exten => 1,1,Dial(IAX2/box:older@hq/1,30)\n  exten => 2',
    );
    const shown = maskText(several)!;
    const active = '  exten => 1,1,Dial(IAX2/box:***@hq/1) ; IAX2/box:***@backup/1\n';
    const retired = '  ; exten => 1,1,Dial(IAX2/box:***@hq/1,30)\n';

    it.each([
      ['nothing is changed', shown, 'dial-secret'],
      ['lines change places', shown.replace(active + retired, retired + active), 'dial-secret'],
      ['one of them goes', shown.replace(retired, ''), 'dial-secret'],
      ['one line is changed', shown.replace('hq/1)', 'hq/1,60)'), 'dial-secret'],
    ])('keeps each in its line when %s', (_, edited, secret) => {
      const { text, problems } = restoreText(edited, several);
      expect(problems).toEqual([]);
      expect(text).toMatch(new RegExp(`exten => 1,1,Dial\\(IAX2/box:${secret}@hq/1(,60)?\\) ; IAX2`));
    });

    it('asks for it anew when one goes and another line is changed', () => {
      const edited = shown.replace(retired, '').replace('hq/1)', 'hq/1,60)');
      expect(restoreText(edited, several).problems).toMatchObject([{ message: expect.stringContaining('or several') }]);
    });
  });

  it('does not let a masked secret be shown under another key', () => {
    const edited = masked
      .replace('secret: "***" }', 'secret: &x "***" }')
      .replace('sip:\n', 'sip:\n  phones: { "211": { name: *x } }\n');
    const { text, problems } = restore(edited);
    expect(problems).toMatchObject([{ line: 10, message: expect.stringContaining('cannot be shared') }]);
    expect(text).toContain('secret: &x "***"');
  });

  it('tells where a place of the restored text is in the edited one', () => {
    const { text, toMasked } = restore(masked);
    const place = (of: string, word: string) => {
      const before = of.slice(0, of.indexOf(word));
      return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
    };
    for (const word of ['site:', '# rotated', 'third:', 'key:', 'exten => 2', 'http:'])
      expect(toMasked(place(text, word)), word).toEqual(place(masked, word));
    expect(toMasked(place(text, 'aGVsbG8='))).toEqual(place(masked, '"***"\n    key'));
  });

  it('shows nothing of a secret, whatever it is and however it is written, and gives it back', () => {
    const secret = fc.string({
      unit: fc.constantFrom(...'aZ09 ,[]{}#:"\'\\&*!|>%@`-=$é\n\t'),
      minLength: 1,
      maxLength: 12,
    });
    const written = fc.tuple(secret, fc.constantFrom('double', 'single', 'block', 'plain')).map(([value, how]) => {
      if (how === 'single' && !value.includes('\n')) return [value, `'${value.replaceAll("'", "''")}'`] as const;
      if (how === 'block' && /^\S/.test(value) && !/\s$/.test(value) && !value.includes('\n'))
        return [`${value}\n`, `|\n        ${value}`] as const;
      if (how === 'plain' && /^[a-zA-Z][a-zA-Z0-9]*$/.test(value)) return [`x${value}`, `x${value}`] as const;
      return [value, JSON.stringify(value)] as const;
    });
    fc.assert(
      fc.property(written, written, ([first, one], [second, two]) => {
        const peer = (name: string, raw: string) =>
          `    ${name}:\n      type: peer\n      host: h\n      secret: ${raw}\n      context: office\n`;
        const text = `site: { id: a }\niax2:\n  peers:\n${peer('p', one)}${peer('q', two)}`;
        const known = new MaskedText(text);
        const shown = known.masked();
        expect(shown?.replaceAll('"***"', '')).toBe(
          `site: { id: a }\niax2:\n  peers:\n${peer('p', '')}${peer('q', '')}`,
        );
        expect(known.restore(shown!)).toMatchObject({ text, problems: [] });
        const flow =
          'site: { id: a }\niax2: { peers: { q: { type: peer, host: h, secret: "***" }, p: { secret: "***" } } }';
        const { text: moved, problems } = known.restore(flow);
        expect(problems).toEqual([]);
        const { value } = readDocument(moved) as { value: { iax2: { peers: Record<string, { secret: string }> } } };
        expect([value.iax2.peers['p']!.secret, value.iax2.peers['q']!.secret]).toEqual([first, second]);
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  it('leaves a text that is no YAML alone', () => {
    expect(restore('a: [')).toMatchObject({ text: 'a: [', problems: [] });
  });

  it.each([
    ['beginnings of dial strings', `${masked}# ${'IAX2/a:'.repeat(70_000)}`],
    ['short lines', 'x\n'.repeat(250_000)],
  ])(
    'is not kept busy by a long text of %s',
    (_, edited) => {
      const began = performance.now();
      const { toMasked } = restore(edited);
      for (let line = 1; line <= 250_000; line += 10) toMasked({ line, column: 2 });
      expect(performance.now() - began).toBeLessThan(5_000);
    },
    60_000,
  );
});
