import { describe, expect, it } from 'vitest';
import { HeaderFields } from '../../../src/sip/header-field.ts';
import {
  answerSession,
  parseSessionExpires,
  sessionDeadlineMs,
  sessionOfResponse,
} from '../../../src/sip/session-timer.ts';

const headers = (...fields: (readonly [string, string])[]) => new HeaderFields(fields);

describe('session timers [RFC4028]', () => {
  it.each([
    ['1800', { seconds: 1_800, refresher: undefined }],
    [' 90 ; refresher=UAS', { seconds: 90, refresher: 'uas' }],
    ['90;x=y; refresher = uac', { seconds: 90, refresher: 'uac' }],
    ['soon', undefined],
    ['99999999999999', undefined],
  ])('%j is read', (text, expected) => {
    expect(parseSessionExpires(headers(['x', text]))).toEqual(expected);
  });

  it.each([
    [
      [
        ['Supported', 'timer'],
        ['Session-Expires', '600'],
      ],
      600,
      'them',
      '600;refresher=uac',
    ],
    [
      [
        ['Supported', 'timer'],
        ['Session-Expires', '600;refresher=uas'],
      ],
      600,
      'us',
      '600;refresher=uas',
    ],
    [
      [
        ['Supported', 'timer'],
        ['Session-Expires', '7200'],
      ],
      1_800,
      'them',
      '1800;refresher=uac',
    ],
    [
      [
        ['Supported', 'timer'],
        ['Session-Expires', '7200'],
        ['Min-SE', '3600'],
      ],
      3_600,
      'them',
      '3600;refresher=uac',
    ],
    [[['Supported', 'timer']], 1_800, 'us', '1800;refresher=uas'],
    [[['Session-Expires', '600']], 600, 'us', undefined],
    [[], 1_800, 'us', undefined],
  ] as const)('%j is answered with %i s, refreshed by %s', (fields, seconds, refresher, said) => {
    const answer = answerSession(new HeaderFields(fields));
    if (answer === 'too-brief') return expect.unreachable();
    expect(answer.interval).toEqual({ seconds, refresher });
    expect(new HeaderFields(answer.headers).get('Session-Expires')).toBe(said);
    expect(new HeaderFields(answer.headers).has('Require')).toBe(refresher === 'them');
  });

  it('an interval that is too brief is refused, of who knows what that means [RFC4028 §9]', () => {
    expect(answerSession(headers(['Supported', 'timer'], ['Session-Expires', '89']))).toBe('too-brief');
    expect(answerSession(headers(['Session-Expires', '10']))).toMatchObject({
      interval: { seconds: 90, refresher: 'us' },
    });
  });

  it('what came of our own request, with or without the far end’s help [RFC4028 §7.2]', () => {
    expect(sessionOfResponse(headers(['Session-Expires', '600;refresher=uas']))).toEqual({
      seconds: 600,
      refresher: 'them',
    });
    expect(sessionOfResponse(headers(['Session-Expires', '600;refresher=uac']))).toEqual({
      seconds: 600,
      refresher: 'us',
    });
    expect(sessionOfResponse(headers())).toEqual({ seconds: 1_800, refresher: 'us' });
    expect(sessionOfResponse(headers(['Session-Expires', '1;refresher=uac']))).toEqual({
      seconds: 90,
      refresher: 'us',
    });
  });

  it('refreshes at half, and hangs up a third or 32 s before the end [RFC4028 §10]', () => {
    expect(sessionDeadlineMs({ seconds: 1_800, refresher: 'us' })).toEqual({ refreshMs: 900_000, endMs: 1_768_000 });
    expect(sessionDeadlineMs({ seconds: 90, refresher: 'them' })).toEqual({ refreshMs: undefined, endMs: 60_000 });
  });
});
