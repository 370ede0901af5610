/** What is wrong with a certificate, as counters have it. */
export type CertificateFault = 'missing' | 'expired' | 'not-yet-valid' | 'foreign' | 'other-name' | 'revoked' | 'bad';

const FAULTS: Readonly<Record<string, CertificateFault>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  CERT_REVOKED: 'revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'other-name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'foreign',
  SELF_SIGNED_CERT_IN_CHAIN: 'foreign',
  UNABLE_TO_GET_ISSUER_CERT: 'foreign',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'foreign',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'foreign',
  CERT_UNTRUSTED: 'foreign',
  CERT_SIGNATURE_FAILURE: 'bad',
  CERT_CHAIN_TOO_LONG: 'bad',
  INVALID_CA: 'bad',
  INVALID_PURPOSE: 'bad',
  CERT_REJECTED: 'bad',
};

const SENTENCES: Readonly<Record<CertificateFault, string>> = {
  missing: 'It showed no certificate.',
  expired: 'Its certificate has expired.',
  'not-yet-valid': 'Its certificate is not valid yet; is the clock right?',
  foreign: 'Its certificate is of an authority that we do not trust.',
  'other-name': 'Its certificate is for another name.',
  revoked: 'Its certificate was revoked.',
  bad: 'Its certificate cannot be used.',
};

/** The fault that an error code of OpenSSL or Node is about; undefined if that is none of a certificate. */
export function certificateFault(code: string | undefined): CertificateFault | undefined {
  return code === undefined ? undefined : FAULTS[code];
}

export function describeFault(fault: CertificateFault): string {
  return SENTENCES[fault];
}
