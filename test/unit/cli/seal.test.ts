import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeSealingKey } from '../../../src/io/sealing.ts';
import { Bench } from './terminal-double.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.dispose());

const PEER = (secret: string) =>
  `site: { id: a, country: fr }\niax2: { peers: { hq: { type: peer, host: h, secret: ${secret} } } }\n`;

describe('branchline seal', () => {
  test('prints what can stand in a configuration, and check opens it', async () => {
    makeSealingKey(bench.folder);
    const read = async () => 'the-canary\n';
    const { code, out } = await bench.execute(['seal', '--data', bench.folder], { read });
    expect(code).toBe(0);
    expect(out).toMatch(/^\{ sealed: [A-Za-z0-9+/=]+ \}\n$/);
    expect(out).not.toContain('canary');
    const file = bench.write('a.yaml', PEER(out.trim()));
    expect(await bench.execute(['check', file, '--data', bench.folder])).toEqual({
      code: 0,
      out: `${file}: valid\n`,
      err: '',
    });
  });

  test('takes the key of an appliance that is elsewhere', async () => {
    const { publicKey, open } = makeSealingKey(bench.folder);
    const read = async () => 'two lines\nof it';
    const { out } = await bench.execute(['seal', '--to', publicKey, '--json'], { read });
    expect(open((JSON.parse(out) as { sealed: string }).sealed)).toBe('two lines\nof it');
  });

  test.each([
    [['--to', 'AAAA'], 's3cret', 2, 'branchline: this is no sealing key: 32 bytes in base64\n'],
    [['--to', 'AAAA'], '\n', 2, 'branchline: standard input is empty; it must hold the secret\n'],
    [
      ['--data', '/nowhere'],
      's3cret',
      1,
      'branchline: /nowhere has no key yet: run the appliance once, or name one by --to\n',
    ],
  ])('says why it cannot: %j of %j', async (options, secret, code, err) => {
    expect(await bench.execute(['seal', ...options], { read: async () => secret })).toEqual({ code, out: '', err });
  });

  test('is for one appliance: check names the place of a secret that was sealed for another', async () => {
    const { publicKey } = makeSealingKey(`${bench.folder}/other`);
    makeSealingKey(bench.folder);
    const { out } = await bench.execute(['seal', '--to', publicKey], { read: async () => 's3cret' });
    const file = bench.write('a.yaml', PEER(out.trim()));
    const checked = await bench.execute(['check', file, '--data', bench.folder]);
    expect(checked.code).toBe(2);
    expect(checked.out).toBe(
      `${file}:2:53: iax2.peers.hq.secret: it is sealed for another appliance, or damaged; seal it with the key of this one\n`,
    );
    const elsewhere = await bench.execute(['check', file, '--data', '/nowhere']);
    expect(elsewhere).toEqual({
      code: 0,
      out: `${file}:2:53: warning: iax2.peers.hq.secret: it is sealed, and /nowhere has no key that could open it\n${file}: valid, 1 warning\n`,
      err: '',
    });
  });
});
