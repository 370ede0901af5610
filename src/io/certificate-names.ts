import type { X509Certificate } from 'node:crypto';

/** What Node writes: `DNS:a.example, URI:sip:211@b, DNS:"with, comma"`. */
const ALTERNATIVE = /([A-Za-z0-9 ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/gy;
const KINDS: readonly string[] = ['DNS', 'URI', 'email'];

/** Whom a certificate is for, in lower case: its alternative names, and its common name only where it has none. [RFC5922 §7.1] */
export function certificateNames(certificate: X509Certificate): readonly string[] {
  const { subjectAltName } = certificate;
  if (subjectAltName !== undefined)
    return [...subjectAltName.matchAll(ALTERNATIVE)]
      .filter(([, kind]) => KINDS.includes(kind!))
      .map(([, , value]) => (value!.startsWith('"') ? unquote(value!) : value!).toLowerCase());
  // Several common names say nothing for certain.
  const name: unknown = certificate.toLegacyObject().subject?.CN;
  return typeof name === 'string' ? [name.toLowerCase()] : [];
}

function unquote(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return '';
  }
}
