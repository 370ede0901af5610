import { expect, it } from 'vitest';
import { lineSettings, townLineSettings } from '../../src/line-settings.ts';
import { load } from './config/example.ts';

it('configured lines come to the line legs with all that is said of them', () => {
  const { configuration } = load(`site: { id: a, country: fr }
hat:
  port: emulator
  lines:
    - { port: 1, kind: fxs, extension: "201", name: Desk, context: c, hotline: { number: "202", after: 4s } }
    - { port: 2, kind: fxs, extension: "202", name: Fax, context: c, fax: true, mailbox: hq }
    - { port: 4, kind: fxo, name: Town, context: c }
iax2:
  peers:
    hq: { host: 192.0.2.1, secret: s, context: c, register: {} }
dialplan: |
  [c]
  exten => s,1,Hangup
`);
  expect(lineSettings(configuration!)).toMatchObject([
    { port: 1, extension: '201', name: 'Desk', context: 'c', automatic: { number: '202', afterMs: 4_000 } },
    { port: 2, extension: '202', name: 'Fax', context: 'c', fax: true, mailbox: 'hq' },
  ]);
  expect(townLineSettings(configuration!)).toEqual([{ port: 4, name: 'Town', context: 'c' }]);
});
