import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeCertificate, ownCertificate, WEB_CERTIFICATE_FILE } from '../../../src/io/self-signed.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'branchline-cert-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a certificate that the appliance makes', () => {
  test('is for its names and addresses, signed by its own key, and does not expire [RFC5280 §4.1]', () => {
    const { cert } = makeCertificate(['lyon-01', 'box.example', '127.0.0.1']);
    const read = new X509Certificate(cert);
    expect(read.subject).toBe('CN=lyon-01');
    expect(read.subjectAltName).toBe('DNS:lyon-01, DNS:box.example, IP Address:127.0.0.1');
    expect(read.verify(read.publicKey)).toBe(true);
    expect(read.checkHost('box.example')).toBe('box.example');
    expect([read.validFrom, read.validTo]).toEqual(['Jan  1 00:00:00 2020 GMT', 'Dec 31 23:59:59 9999 GMT']);
    expect(read.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });

  test('stays the same over restarts, and only its user can read it', () => {
    const first = ownCertificate(folder, ['lyon-01']);
    expect(ownCertificate(folder, ['lyon-01'])).toEqual(first);
    expect(first.fingerprint).toBe(new X509Certificate(first.cert).fingerprint256);
    expect(statSync(join(folder, WEB_CERTIFICATE_FILE)).mode & 0o777).toBe(0o600);
  });

  test('is made anew where the file is damaged', () => {
    writeFileSync(join(folder, WEB_CERTIFICATE_FILE), '-----BEGIN CERTIFICATE-----\nAA');
    const made = ownCertificate(folder, ['lyon-01']);
    expect(ownCertificate(folder, ['lyon-01'])).toEqual(made);
  });
});
