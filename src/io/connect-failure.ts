import { type CertificateFault, certificateFault } from './certificate-fault.ts';

/** TLS alerts by which the far end refuses the certificate that it was shown, or that it was not. [RFC8446 §6.2] */
const CERTIFICATE_REFUSED = /alert (?:.*certificate|unknown ca|handshake failure)/;

/** What to look at, for a certificate that is not believed. */
const ADVICE: Partial<Record<CertificateFault, string>> = {
  foreign: '; where its authority is no public one, name it: tls.ca, or --ca',
  expired: '; if it has not, is the clock of this machine right?',
  'not-yet-valid': '; is the clock of this machine right?',
};

/**
 * Why a connection could not be made, as one sentence that is the same for the same reason. OpenSSL's own texts name an
 * address in memory and a line of its source; a failed connection to a name with several addresses has no text at all.
 */
export function describeConnectFailure(error: Error): string {
  const { code, reason } = error as NodeJS.ErrnoException & { readonly reason?: string };
  if (!/^(?:ERR_SSL_|ERR_OSSL_|EPROTO$)/.test(String(code))) return plainWords(error, code);
  const why = reason ?? (/:SSL routines:[^:]*:([^:]+)/.exec(error.message)?.[1] || String(code));
  return CERTIFICATE_REFUSED.test(why) ? `the broker refuses our certificate, or wants one: ${why}` : `TLS: ${why}`;
}

function plainWords(error: Error, code: string | undefined): string {
  const fault = certificateFault(code);
  const advice = fault === undefined ? '' : (ADVICE[fault] ?? '');
  return `${error.message.trim() || String(code ?? error.name)}${advice}`;
}
