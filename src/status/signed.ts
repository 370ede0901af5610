import { z } from 'zod';
import { base64Decode } from '../base/base64.ts';
import { utf8Decode, utf8Encode } from '../base/bytes.ts';

/** What is wrong with something that was sent to us: where, and one sentence. */
export const faultSchema = z.object({
  path: z.string().describe('where: a key of the document, or config:<line>:<column>'),
  message: z.string(),
});

export type Fault = Readonly<z.infer<typeof faultSchema>>;

/** Faults as one sentence. */
export function formatFaults(faults: readonly Fault[]): string {
  return faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
}

/** Whether `signature` is that of the holder of our key over `bytes`; `io/` implements it. */
export type VerifySignature = (bytes: Uint8Array, signature: Uint8Array) => boolean;

/** What a signature stands for, so that one of a command is none of a configuration. */
export const SIGNING_DOMAINS = {
  config: 'branchline-config-v1\n',
  command: 'branchline-command-v1\n',
  enrol: 'branchline-enrol-v1\n',
} as const;

export const envelopeSchema = z
  .object({
    document: z.string().describe('base64 of the exact bytes that are signed'),
    signature: z.string().describe('base64 of the Ed25519 signature over the domain and those bytes'),
    keyId: z.string().describe('which key it was signed with; a hint for people'),
  })
  .meta({ id: 'Envelope' });

/** The bytes that a signature is made over. */
export function signedBytes(domain: keyof typeof SIGNING_DOMAINS, document: Uint8Array): Uint8Array {
  const prefix = utf8Encode(SIGNING_DOMAINS[domain]);
  const bytes = new Uint8Array(prefix.length + document.length);
  bytes.set(prefix);
  bytes.set(document, prefix.length);
  return bytes;
}

/**
 * Opens `{document, signature, keyId}`: what the document says, if its signature is good. Nothing of the document is looked
 * at before.
 */
export function openEnvelope(
  payload: string,
  domain: keyof typeof SIGNING_DOMAINS,
  verify: VerifySignature,
): { readonly content: unknown } | { readonly fault: Fault } {
  const outer = parseJson(payload);
  if (outer === undefined) return fault('', 'it is not JSON');
  const envelope = envelopeSchema.safeParse(outer);
  if (!envelope.success) return fault('', 'it is not {document, signature, keyId}, all three of them text');
  const document = base64Decode(envelope.data.document);
  if (document === undefined) return fault('document', 'it is not base64');
  const signature = base64Decode(envelope.data.signature);
  if (signature === undefined || signature.length !== 64) return fault('signature', 'it is not the base64 of 64 bytes');
  if (!verify(signedBytes(domain, document), signature)) {
    return fault('signature', 'it is not by the key that this appliance trusts, or the document was changed');
  }
  const content = parseJson(utf8Decode(document));
  return content === undefined ? fault('document', 'what was signed is not JSON') : { content };
}

function fault(path: string, message: string): { readonly fault: Fault } {
  return { fault: { path, message } };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
