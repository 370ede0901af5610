import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { differences, formatChange } from '../../../src/config/diff.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { Secret } from '../../../src/config/secret.ts';
import { load, richStore, WHOLE } from './example.ts';

const CANARY = 'canary-b7e1';
const SITE = 'site: { id: a, country: fr }\n';
const PEER = `${SITE}dialplan: |\n  [c]\n  exten => 1,1,Answer\niax2: { peers: { hq: { host: h, context: c, `;

describe('a secret', () => {
  test('prints as *** in text, in JSON and in the inspector', () => {
    const secret = new Secret(CANARY);
    const printed = [
      `${secret}`,
      JSON.stringify({ secret }),
      inspect({ deep: [secret] }),
      String(Object.entries(secret)),
    ];
    expect(printed.join()).not.toContain(CANARY);
    expect(printed.slice(0, 3)).toEqual(['***', '{"secret":"***"}', '{ deep: [ *** ] }']);
    expect(secret.reveal()).toBe(CANARY);
  });

  test('is compared by what it is, and shown as *** in a list of changes', () => {
    const [before, after] = [new Secret('one'), new Secret('two')];
    expect(differences({ a: before }, { a: new Secret('one') })).toEqual([]);
    expect(differences({ a: before }, { a: after }).map(formatChange)).toEqual(['~ a: "***" → "***"']);
    expect(differences({ a: 'Dial(IAX2/u:one@hq/1)' }, {}).map(formatChange)).toEqual(['- a: "Dial(IAX2/u:***@hq/1)"']);
    expect(differences({}, { a: [after] }).map(formatChange)).toEqual(['+ a: ["***"]']);
  });
});

/** Documents with a secret where an author may put one, right or wrong. */
const documents: readonly string[] = [
  `${PEER}secret: ${CANARY} } } }`,
  `${PEER}secret: [${CANARY}, 5] } } }`,
  `${PEER}secret: { ${CANARY} } } } }`,
  `${PEER}secret: { env: ${CANARY} x } } } }`,
  `${PEER}secret: { evn: ${CANARY} } } } }`,
  `${PEER}secret: { env: A, file: B, ${CANARY}: x } } } }`,
  `${PEER}secret: *${CANARY} } } }`,
  `${PEER}secret: !${CANARY} } } }`,
  `${PEER}secret: &${CANARY} } } }`,
  `${PEER}secret: @${CANARY} } } }`,
  `${PEER}secret: a: ${CANARY} } } }`,
  `${PEER}secret: "${CANARY} } } }`,
  `${PEER}secret: "\\q${CANARY}" } } }`,
  `${PEER}secret: "a" ${CANARY} } } }`,
  `${PEER}secret ${CANARY} } } }`,
  `${PEER}secret=${CANARY} } } }`,
  `${PEER}secret:${CANARY} } } }`,
  `${PEER}secert: ${CANARY} } } }`,
  `${PEER}host: "u:${CANARY}@h" } } }`.replace('host: h,', ''),
  `${PEER}host: "u:${CANARY}@x@h/1" } } }`.replace('host: h,', ''),
  `${SITE}mqtt: { url: "mqtt://u:${CANARY}@h", username: u, password: ${CANARY} }`,
  `${SITE}mqtt: { url: "mqtt://u:${CANARY}/x@h" }`,
  `${SITE}mqtt: { url: "mqtt://h", password: { ${CANARY}: 1 } }`,
  `${SITE}conferences: { "60": { pin: [${CANARY}] } }`,
  `${SITE}web: { users: { a: { passwordHash: { x: ${CANARY} } } } }`,
  `${SITE}web: { users: { a: { password: ${CANARY} } } }`,
  `${SITE}sip: { trunks: { a: { registrar: "sip:u:${CANARY}@h", secret: { sealed: "${CANARY}" } } } }`,
  `${SITE}dialplan: |\n  [c]\n  exten => 1,1,Dial(IAX2/u:${CANARY}@nowhere/1)\n  exten => 2,1,Dail(IAX2/u:${CANARY}@hq/1)\n  switch => IAX2/u:${CANARY}@nobody/c\n`,
  `${SITE}dialplan: |\n  [c]\n  exten => 1,1,Dial(IAX2/u:${CANARY}@hq/\${EXTEN\n  exten => x,y,Dial(SIP/u:${CANARY}@h\n  Dial(IAX2/u:${CANARY}@hq/1)\n`,
];

describe('no message repeats a secret', () => {
  test.each(documents)('%j', (text) => {
    const { problems, configuration, dialplan } = load(text);
    expect(problems.map((problem) => formatProblem('f', problem)).join('\n')).not.toContain(CANARY);
    if (dialplan !== undefined) expect(inspect(configuration?.iax2, { depth: 9 })).not.toContain(CANARY);
  });

  test('and no inspection of the whole configuration shows one that was looked up', () => {
    const { configuration } = load(WHOLE, { ...richStore, env: () => CANARY, file: () => ({ text: CANARY }) });
    expect(configuration!.iax2!.peers['centre']!.secret![0]!.reveal()).toBe(CANARY);
    expect(inspect(configuration, { depth: 12 }) + JSON.stringify(configuration)).not.toContain(CANARY);
  });
});
