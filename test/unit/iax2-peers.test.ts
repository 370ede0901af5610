import { describe, expect, test } from 'vitest';
import { isAllowed } from '../../src/iax2/acl.ts';
import { iax2Peers } from '../../src/iax2-peers.ts';
import { load } from './config/example.ts';

function peerWith(lines: string, dialplan = '[c]') {
  const text = `site: { id: a, country: fr }\niax2:\n  peers:\n    hq:\n      host: 192.0.2.1\n      context: c\n${lines}\ndialplan: |\n  ${dialplan}\n`;
  const { configuration, problems } = load(text);
  if (configuration === undefined) throw new Error(JSON.stringify(problems));
  return iax2Peers(configuration)[0]!;
}

describe('configured IAX2 peers', () => {
  test('bring the texts of their RSA keys to the endpoint', () => {
    const peer = peerWith(
      '      auth: [rsa, md5]\n      inKeys: [hq.pub, old.pub]\n      outKey: branch.key\n      secret: s',
    );
    expect(peer).toMatchObject({
      auth: ['rsa', 'md5'],
      inKeys: ['key of hq.pub\n', 'key of old.pub\n'],
      outKey: 'key of branch.key\n',
    });
  });

  test('may prove themselves in plain text only where it is named', () => {
    expect(peerWith('      secret: s').auth).toEqual(['md5']);
    expect(peerWith('      secret: s\n      auth: [plaintext]').auth).toEqual(['plaintext']);
  });

  test('may have several secrets', () => {
    expect(peerWith('      secret: [first, { env: SECOND }]').secrets).toEqual(['first', 'value of SECOND']);
  });

  test('with allowFrom come from there and from nowhere else, on IPv4 and IPv6', () => {
    const { acl } = peerWith('      secret: s\n      allowFrom: [198.51.100.0/24, "2001:db8::/32"]');
    const verdicts = ['198.51.100.9', '203.0.113.1', '2001:db8::1', '2001:db9::1'].map((ip) => isAllowed(acl, ip));
    expect(verdicts).toEqual([true, false, true, false]);
  });

  test('may ask for other contexts that are named, and choose the codec where that is told', () => {
    const plain = peerWith('      secret: s');
    expect([plain.otherContexts, plain.codecPriority]).toEqual([undefined, 'host']);
    const other = peerWith('      secret: s\n      otherContexts: [d]\n      codecPriority: caller', '[c]\n  [d]');
    expect([other.otherContexts, other.codecPriority]).toEqual([['d'], 'caller']);
    const any = peerWith('      secret: s\n      otherContexts: ["*"]\n      autokill: 800ms');
    expect([any.otherContexts, any.autokillMs]).toEqual([['*'], 800]);
  });

  test('cannot ask for a context that the dialplan does not have', () => {
    const lines = '      secret: s\n      otherContexts: [c, dd]';
    expect(() => peerWith(lines)).toThrow('the dialplan has no context');
  });

  test('let their calls go to the networks named under transfer, the voice only unless told', () => {
    expect(peerWith('      secret: s').transfer).toBeUndefined();
    const { transfer } = peerWith('      secret: s\n      transfer: { targets: [198.51.100.0/24] }');
    const verdicts = ['198.51.100.9', '203.0.113.1', '2001:db8::1'].map((ip) => isAllowed(transfer!.targets, ip));
    expect([transfer?.mode, verdicts]).toEqual(['media', [true, false, false]]);
  });

  test('with acl are judged by the last rule that fits', () => {
    const { acl } = peerWith(
      '      secret: s\n      acl: [{ deny: 0.0.0.0/0 }, { permit: 198.51.100.0/24 }, { deny: 198.51.100.7 }]',
    );
    const verdicts = ['198.51.100.9', '198.51.100.7', '203.0.113.1'].map((ip) => isAllowed(acl, ip));
    expect(verdicts).toEqual([true, false, false]);
  });
});
