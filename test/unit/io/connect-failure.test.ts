import { expect, it } from 'vitest';
import { describeConnectFailure } from '../../../src/io/connect-failure.ts';

/** As Node gives an alert of the far end. */
const alert = (reason: string, number: number) =>
  Object.assign(
    new Error(
      `80CCF1C5D37F0000:error:0A00045C:SSL routines:ssl3_read_bytes:${reason}:../deps/rec_layer_s3.c:1601:SSL alert number ${number}\n`,
    ),
    { library: 'SSL routines', reason, code: `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}` },
  );

it.each([
  ['tlsv13 alert certificate required', 116],
  ['sslv3 alert bad certificate', 42],
  ['tlsv1 alert unknown ca', 48],
])('a broker that answers our certificate with %s refuses it', (reason, number) => {
  const refused = `the broker refuses our certificate, or wants one: ${reason}`;
  expect(describeConnectFailure(alert(reason, number))).toBe(refused);
});

it('other failures of TLS are told without addresses in memory and lines of source', () => {
  const version = describeConnectFailure(alert('tlsv1 alert protocol version', 70));
  expect(version).toBe('TLS: tlsv1 alert protocol version');
  const plain = Object.assign(
    new Error('40F7:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:a.c:3:'),
    {
      code: 'EPROTO',
    },
  );
  expect(describeConnectFailure(plain)).toBe('TLS: wrong version number');
});

it.each([
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'unable to verify the first certificate',
    'unable to verify the first certificate; where its authority is no public one, name it: tls.ca, or --ca',
  ],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'self-signed certificate',
    'self-signed certificate; where its authority is no public one, name it: tls.ca, or --ca',
  ],
  [
    'CERT_NOT_YET_VALID',
    'certificate is not yet valid',
    'certificate is not yet valid; is the clock of this machine right?',
  ],
  [
    'CERT_HAS_EXPIRED',
    'certificate has expired',
    'certificate has expired; if it has not, is the clock of this machine right?',
  ],
])('a certificate that is not trusted (%s) is told with what to look at', (code, message, expected) => {
  expect(describeConnectFailure(Object.assign(new Error(message), { code }))).toBe(expected);
});

it('any other failure says what it says, or what it is called', () => {
  expect(describeConnectFailure(new Error('connect ECONNREFUSED 127.0.0.1:1'))).toBe(
    'connect ECONNREFUSED 127.0.0.1:1',
  );
  expect(describeConnectFailure(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED');
});
