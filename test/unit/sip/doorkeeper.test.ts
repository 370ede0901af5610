import { beforeEach, describe, expect, it } from 'vitest';
import { Counters } from '../../../src/base/counters.ts';
import { StreamIds } from '../../../src/base/media-port.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { Credentials } from '../../../src/sip/credentials.ts';
import { Doorkeeper } from '../../../src/sip/doorkeeper.ts';
import { HeaderFields } from '../../../src/sip/header-field.ts';
import type { Hop } from '../../../src/sip/hop.ts';
import { NO_BODY, type Request } from '../../../src/sip/message.ts';
import { nameAddr, withTag } from '../../../src/sip/name-addr.ts';
import { sipUri } from '../../../src/sip/uri.ts';
import { seededCrypto } from '../../support/iax2-world.ts';
import { phone } from '../../support/sip-world.ts';

const OFFICE = sipUri({ host: '192.0.2.10' });
const flow = (certificateNames?: readonly string[]): Hop => ({
  ...{ transport: 'tls', ip: '198.51.100.7', port: 40_000, connection: 3 },
  ...(certificateNames === undefined ? {} : { certificateNames }),
});

describe('a phone that is tied to a certificate', () => {
  let door: Doorkeeper;
  let counters: Counters;
  let said: string[];
  let sequence: number;

  beforeEach(() => {
    counters = new Counters();
    said = [];
    sequence = 0;
    const around = { crypto: seededCrypto(1), random: new SeededRandom(1), counters, streams: new StreamIds() };
    const phones = [phone('211', { certificate: 'Desk-211' }), phone('212')];
    const log = (_level: string, _part: string, message: string) => void said.push(message);
    const media = { openMedia: () => undefined, closeMedia: () => {} };
    const options = { ...around, ...media, realm: 'office', phones, trunks: [], log, wallClock: () => 1e12 };
    door = new Doorkeeper(
      { ...options, local: () => OFFICE } as ConstructorParameters<typeof Doorkeeper>[0],
      () => undefined,
    );
  });

  /** The statuses of a REGISTER and of the one that answers its challenge. */
  function register(user: string, from: Hop, password = `secret ${user}`): (number | undefined)[] {
    const credentials = new Credentials(seededCrypto(2), user, { password });
    const aor = nameAddr(sipUri({ host: OFFICE.host, user }));
    const ask = () => {
      const request: Request = {
        ...{ type: 'request', method: 'REGISTER', uri: OFFICE, vias: [], to: aor, from: withTag(aor, 't') },
        ...{ callId: user, cseq: { number: ++sequence, method: 'REGISTER' }, body: NO_BODY },
        headers: new HeaderFields([['Contact', `<sip:${user}@${from.ip}:${from.port};transport=tls>`]]),
      };
      credentials.authorise(request);
      const response = door.register(request, from, 0);
      if (response?.status === 401) credentials.handleChallenge(response, request.headers);
      return response?.status;
    };
    return [ask(), ask()];
  }

  it('registers over TLS with it, whatever the case of its name', () => {
    expect(register('211', flow(['other', 'desk-211']))).toEqual([401, 200]);
    expect(said).toEqual([]);
  });

  it.each([
    ['that of another', flow(['desk-212'])],
    ['none', flow()],
    ['none, over UDP', { transport: 'udp', ip: '198.51.100.7', port: 5060 } as const],
  ])('is refused with %s, which is counted and told; its secret is not enough', (_what, from) => {
    const [, second] = register('211', from);
    expect(second).toBe(401);
    expect(door.registrar.bindingsOf('211')).toEqual([]);
    expect(counters.get('sip.other-certificate')).toBe(1);
    expect(said).toEqual([expect.stringMatching(/^Phone 211 is refused: it came without its certificate/)]);
  });

  it('is refused with its certificate and a wrong secret', () => {
    expect(register('211', flow(['desk-211']), 'wrong')).toEqual([401, 401]);
    expect(counters.get('sip.other-certificate')).toBe(0);
  });

  it('does not bind another phone', () => {
    expect(register('212', flow(['desk-211']))).toEqual([401, 200]);
  });

  it('has to register anew when it is tied to another', () => {
    register('211', flow(['desk-211']));
    expect(door.registrar.bindingsOf('211')).toHaveLength(1);
    door.configure([phone('211', { certificate: 'desk-300' }), phone('212')]);
    expect(door.registrar.bindingsOf('211')).toEqual([]);
  });
});
