import { describe, expect, it } from 'vitest';
import { WITHOUT_SECRETS } from '../../src/cli/configuration-file.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import type { RegistrationStatus } from '../../src/status/schema.ts';
import { isReached, observableTrunks } from '../../src/trunk-reach.ts';

const registration = (state: RegistrationStatus['state']): RegistrationStatus => ({
  state,
  refreshS: null,
  apparent: null,
  since: '2026-01-01T00:00:00Z',
});

describe('a trunk is reached', () => {
  it.each([
    [true, 'registered', true],
    [null, 'registered', true],
    [true, null, true],
    [false, 'registered', false],
    [null, null, false],
  ] as const)('where its peer answers: %s, and its registration is %s: %s', (reachable, state, expected) => {
    expect(isReached({ reachable, registration: state && registration(state) })).toBe(expected);
  });

  it.each(['unregistered', 'registering', 'rejected', 'timeout', 'no-auth'] as const)(
    'not while its registration is %s, though its peer answers',
    (state) => expect(isReached({ reachable: true, registration: registration(state) })).toBe(false),
  );
});

describe('it can be seen whether a trunk is reached', () => {
  const { configuration } = loadConfiguration(
    `site: { id: a, country: fr }
iax2:
  peers:
    registers: { type: friend, host: hq.example, username: a, secret: s, register: { refresh: 60s } }
    comes: { type: friend, host: dynamic, secret: s }
    asked: { type: peer, host: hq.example, qualify: { every: 2s, timeout: 1s } }
    mute: { type: peer, host: hq.example }
sip:
  listen: [udp://0.0.0.0:5060]
  trunks:
    itsp: { registrar: sip:itsp.example, username: a, secret: s }
    watched: { registrar: sip:b.example, register: false, qualify: { every: 2s, timeout: 1s } }
    silent: { registrar: sip:c.example, username: a, secret: s, register: false }
`,
    WITHOUT_SECRETS,
  );

  it('where it registers, is registered or is asked, over IAX2 and SIP', () => {
    expect(observableTrunks(configuration!)).toEqual(['registers', 'comes', 'asked', 'itsp', 'watched']);
  });
});
