import { describe, expect, test } from 'vitest';
import { sipSettings } from '../../src/sip-peers.ts';
import { load, problemsOf } from './config/example.ts';

function settings(lines: string) {
  const text = `site: { id: lyon-01, country: fr }\nsip:\n${lines}\ndialplan: |\n  [c]\n`;
  const { configuration, problems } = load(text);
  if (configuration === undefined) throw new Error(JSON.stringify(problems));
  return sipSettings(configuration)!;
}

const UDP = { transport: 'udp', ip: '192.0.2.1', port: 5060 } as const;

describe('configured phones', () => {
  test('show their extension and name when they call, and their key is their extension unless told', () => {
    const { phones, realm } = settings(
      '  phones:\n    "211": { secret: s1, context: c, name: Desk }\n    door: { secret: s2, context: c, extension: "230", callerId: "+33472000230", maxCalls: 1 }',
    );
    expect(realm).toBe('lyon-01');
    expect(phones).toEqual([
      {
        user: '211',
        extension: '211',
        name: 'Desk',
        callerId: { number: '211', name: 'Desk' },
        secret: { password: 's1' },
        context: 'c',
        codecs: ['ulaw', 'alaw'],
        video: [],
      },
      {
        user: 'door',
        extension: '230',
        name: '',
        callerId: { number: '+33472000230', name: '' },
        secret: { password: 's2' },
        context: 'c',
        codecs: ['ulaw', 'alaw'],
        video: [],
        maxCalls: 1,
      },
    ]);
  });

  test('have their messages where their mailbox says, behind the last @ if there is one; a trunk is asked for each box once', () => {
    const trunk =
      '  trunks: { itsp: { registrar: "sip:itsp.example", username: lyon }, other: { registrar: "sip:b" } }';
    const phone = (user: string, mailbox: string) => `\n    "${user}": { secret: s, context: c, mailbox: ${mailbox} }`;
    const { trunks } = settings(
      `${trunk}\n  phones:${phone('1', 'itsp')}${phone('2', '2@x@itsp')}${phone('3', 'lyon@itsp')}`,
    );
    expect(trunks.map(({ mailboxes }) => mailboxes)).toEqual([['lyon', '2@x'], undefined]);
  });

  test('prove themselves by MD5 unless the configuration says what', () => {
    expect(settings('  phones: {}').algorithmsFor?.(UDP)).toEqual(['MD5']);
    expect(settings('  digest: [sha-256, md5]').algorithmsFor?.(UDP)).toEqual(['SHA-256', 'MD5']);
  });
});

describe('a configured trunk', () => {
  const trunk = (lines: string) => settings(`  trunks:\n    backup: { ${lines} }`).trunks[0]!;

  test('registers where it has a secret, unless told', () => {
    expect(trunk('registrar: "sip:itsp.example", username: lyon, secret: s').register).toEqual({ expiresS: 600 });
    expect(trunk('registrar: "sip:itsp.example", secret: s, register: { expires: 2m }').register).toEqual({
      expiresS: 120,
    });
    expect(trunk('registrar: "sip:itsp.example", secret: s, register: false').register).toBeUndefined();
    expect(trunk('registrar: "sip:itsp.example"').register).toBeUndefined();
  });

  test('is where its address says', () => {
    const { registrar } = trunk('registrar: "sip:[2001:db8::1]:5070"');
    expect(registrar).toMatchObject({ host: '2001:db8::1', port: 5070 });
  });

  test('that may call in is known by its address alone, of which is warned', () => {
    const text = (context: string) =>
      `site: { id: a, country: fr }\nsip:\n  trunks:\n    backup: { registrar: "sip:192.0.2.7"${context} }\ndialplan: |\n  [c]\n`;
    const warning = 'sip.trunks.backup is known by its address alone: whoever can send from there may call into c';
    expect(problemsOf(text(', context: c')).filter((line) => line.includes(warning))).toHaveLength(1);
    expect(problemsOf(text('')).filter((line) => line.includes('address alone'))).toEqual([]);
  });

  test('needs a name that no phone and no IAX2 peer has', () => {
    const text =
      'site: { id: a, country: fr }\niax2: { peers: { hq: { type: peer, host: 192.0.2.1 } } }\nsip:\n  phones: { "1": { secret: s, context: c } }\n  trunks: { "1": { registrar: "sip:192.0.2.7" }, hq: { registrar: "sip:192.0.2.8" } }\ndialplan: |\n  [c]\n';
    expect(problemsOf(text).filter((line) => line.includes('name of its own'))).toEqual([
      '5:18: "1" is already sip.phones.1; each needs a name of its own',
      '5:54: "hq" is already iax2.peers.hq; each needs a name of its own',
    ]);
  });
});
