import { expect, test } from 'vitest';
import { formatEnrolmentInformation, readEnrolmentInformation } from '../../../src/config/enrolment.ts';

test('what is written for a box is what it reads', () => {
  const information = {
    broker: 'mqtts://b:8883',
    publicKey: '-----BEGIN\nabc\n-----END\n',
    code: '4821-0000-0000-0003',
  };
  expect(readEnrolmentInformation(formatEnrolmentInformation('lyon-01', information))).toEqual({
    information,
    problems: [],
  });
});

test.each([
  ['broker: ftp://x\n', 1, 'broker: allowed: mqtt://, mqtts://, ws:// or wss:// with a host'],
  [
    'broker: mqtt://b\nkode: "canary"\n',
    2,
    'unknown key; allowed: broker, username, password, ca, publicKey, code, hat',
  ],
  ['code: 4821\n', 1, 'code: it must be text: put it in quotes'],
])('%j is told with its line, and without a value', (text, line, message) => {
  const { information, problems } = readEnrolmentInformation(text);
  expect(information).toBeUndefined();
  expect(problems).toMatchObject([{ line, message }]);
});
