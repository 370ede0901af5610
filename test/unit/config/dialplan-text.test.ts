import { describe, expect, test } from 'vitest';
import { errorsOf, load } from './example.ts';

const BASE = `site: { id: a, country: fr }
hat: { port: emulator, lines: [{ port: 1, kind: fxs, context: office }] }
iax2: { peers: { hq: { host: h, context: office, secret: s } } }
sip: { phones: { "41": {} }, trunks: { provider: { registrar: "sip:h" } } }
`;

/** The lines of the block begin in line 6 of the document, column 3. */
function block(...lines: string[]): string {
  return `${BASE}dialplan: |  # ours\n${['[office]', ...lines].map((line) => `  ${line}\n`).join('')}`;
}

describe('problems of the dialplan', () => {
  test('stand at their line and column of the file', () => {
    const [problem] = errorsOf(block('exten => 1,1,Answer()', 'exten => 2,1,Anser()'));
    expect(problem).toMatch(/^8:16: .*Anser.*Answer/);
  });

  test('also behind a deeper indent, an indent that is told, CRLF, and blank lines', () => {
    const text = `${BASE}dialplan: |2\n\n    [office]\n    exten => 2,1,Anser()\n`;
    expect(errorsOf(text)[0]).toMatch(/^8:18: /);
    expect(errorsOf(text.replaceAll('\n', '\r\n'))[0]).toMatch(/^8:18: /);
    expect(errorsOf(text.replace('|2', '|'))[0]).toMatch(/^8:18: /);
  });

  test('say the line of the text where it does not stand line for line in the file', () => {
    const text = `${BASE}dialplan: "[office]\\nexten => 2,1,Anser()\\n"\n`;
    expect(errorsOf(text)[0]).toMatch(/^5:11: line 2 of the dialplan: .*Anser/);
  });

  test('come together with those of the other sections', () => {
    expect(errorsOf(`${block('exten => 2,1,Anser()')}web: { auth: x }\n`)).toHaveLength(2);
  });
});

describe('what Dial names', () => {
  test.each([
    ['IAX2/hqq/1', 'iax2.peers has no "hqq"; did you mean "hq"?'],
    ['IAX2/nowhere/${EXTEN:1}', 'iax2.peers has no "nowhere"; allowed: hq'],
    ['IAX2/u:secret@other/1', 'iax2.peers has no "other"; allowed: hq'],
    ['LINE/2', 'hat.lines has no port 2; allowed: 1'],
    ['SIP/42', 'sip.phones and sip.trunks have no "42"; allowed: provider, 41'],
    ['PJSIP/1@provder', 'sip.phones and sip.trunks have no "provder"; did you mean "provider"?'],
  ])('must exist: %s', (target, message) => {
    expect(errorsOf(block(`exten => 1,1,Dial(LINE/1&${target},20)`))).toEqual([`7:28: ${message}`]);
  });

  test.each([
    'IAX2/hq/${EXTEN:1}',
    'IAX2/u:secret@hq/1@elsewhere',
    'IAX2/pbx.example.net/1',
    'IAX2/u:secret@192.0.2.1/1',
    'IAX2/${TRUNK}/1',
    'SIP/41',
    'SIP/provider/123',
    'LINE/1',
    '${DEVICE(${EXTEN})}',
    '${IF($["${EXTEN}"="1"]?LINE/1:LINE/9)}',
  ])('may be %s', (target) => {
    expect(errorsOf(block(`exten => 1,1,Dial(${target},20)`))).toEqual([]);
  });

  test('must exist for switch, too', () => {
    expect(errorsOf(block('switch => IAX2/u:secret@hp/office'))).toEqual(['7:13: iax2.peers has no "hp"; allowed: hq']);
  });
});

test('the dialplan that is loaded counts its lines as the file does', () => {
  const { dialplan } = load(block('exten => 1,1,Answer()'));
  expect(dialplan!.find('office', '1', 1)!.priority.line).toBe(7);
});
