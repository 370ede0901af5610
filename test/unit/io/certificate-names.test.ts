import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { certificateNames } from '../../../src/io/certificate-names.ts';
import { makeCertificate } from '../../../src/io/self-signed.ts';

/** As Node shows it. */
const certificate = (subjectAltName: string | undefined, commonName: string | readonly string[] | undefined) =>
  ({ subjectAltName, toLegacyObject: () => ({ subject: { CN: commonName } }) }) as unknown as X509Certificate;

test('the names of a real certificate are found, in lower case', () => {
  expect(certificateNames(new X509Certificate(makeCertificate(['Phone-211', 'b.example', '192.0.2.1']).cert))).toEqual([
    'phone-211',
    'b.example',
  ]);
});

test('alternative names of the kinds that name somebody count, and the common name does not beside them [RFC5922 §7.1]', () => {
  const text = 'DNS:a.example, IP Address:192.0.2.1, URI:sip:211@Office, email:x@y, othername:<unsupported>';
  expect(certificateNames(certificate(text, 'boss'))).toEqual(['a.example', 'sip:211@office', 'x@y']);
  expect(certificateNames(certificate('IP Address:192.0.2.1', 'boss'))).toEqual([]);
});

test('one common name counts where there are no alternative names', () => {
  expect(certificateNames(certificate(undefined, 'Phone-211'))).toEqual(['phone-211']);
  expect(certificateNames(certificate(undefined, ['a', 'b']))).toEqual([]);
  expect(certificateNames(certificate(undefined, undefined))).toEqual([]);
});

test('a name that holds what separates names is one name', () => {
  expect(certificateNames(certificate('DNS:"evil, DNS:boss", DNS:c', undefined))).toEqual(['evil, dns:boss', 'c']);
  expect(certificateNames(certificate('DNS:"a\\"b", URI:"\\x"', undefined))).toEqual(['a"b', '']);
});
