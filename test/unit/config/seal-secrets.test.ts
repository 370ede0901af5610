import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { sealSecrets } from '../../../src/config/seal-secrets.ts';
import type { SecretStore } from '../../../src/config/secret.ts';

const store: SecretStore = {
  env: (name) => (name === 'HQ' ? 'from-env' : undefined),
  file: (path) => (path === 'mqtt' ? { text: 'from-file\n' } : { failure: `the file ${path} does not exist` }),
  key: () => ({ text: 'pem' }),
  open: () => ({ failure: 'it is sealed', elsewhere: true }),
};
const seal = (secret: string) => Buffer.from(secret.toUpperCase()).toString('base64');
const sealedText = (secret: string) => ({ sealed: seal(secret) });

const text = `# Kept as it is.
site: { id: a, country: fr }
iax2:
  peers:
    hq: { type: peer, host: h, secret: { env: HQ } }
    two: { type: friend, host: h, secret: ["old one", "new one"] }
    box: { type: peer, host: h, secret: { sealed: QUJD } }
mqtt: { url: "mqtts://b", password: { file: mqtt } }
`;

describe('sealing the secrets of a configuration', () => {
  test('replaces each, wherever it stands, and nothing else', () => {
    const sealed = sealSecrets(text, store, seal);
    if ('failures' in sealed) throw new Error(sealed.failures.join());
    const before = parse(text);
    before.iax2.peers.hq.secret = sealedText('from-env');
    before.iax2.peers.two.secret = [sealedText('old one'), sealedText('new one')];
    before.mqtt.password = sealedText('from-file');
    expect(parse(sealed.text)).toEqual(before);
    expect(sealed.text).toContain('# Kept as it is.');
  });

  test('says each secret that cannot be had, and gives nothing then', () => {
    const missing = text.replace('HQ', 'NONE').replace('file: mqtt', 'file: gone');
    expect(sealSecrets(missing, store, seal)).toEqual({
      failures: [
        'iax2.peers.hq.secret: the environment variable NONE is not set; set it to the secret',
        'mqtt.password: the file gone does not exist; the file must hold the secret',
      ],
    });
  });

  test('does not send a box to files that it does not have', () => {
    const rsa = `site: { id: a, country: fr }
iax2: { peers: { hq: { type: peer, host: h, auth: [rsa], outKey: own.key } } }
`;
    expect(sealSecrets(rsa, store, seal)).toEqual({
      failures: ['iax2.peers.hq.outKey names a file, and a box that is enrolled has none; use a secret'],
    });
  });

  test('is not done with what is no configuration', () => {
    expect(sealSecrets('site: 1', store, seal)).toEqual({ failures: ['it is not a configuration'] });
  });
});
