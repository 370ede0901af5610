import { stringify } from 'yaml';
import { z } from 'zod';
import { readDocument } from './document.ts';
import { formatPath, type Problem } from './problem.ts';

/** What a box is told before it has a configuration; what is missing is asked for on the panel. */
export interface EnrolmentInformation {
  /** URL of the broker where head office answers. */
  readonly broker?: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM text of whom to trust there. */
  readonly ca?: string;
  /** PEM text of the key that head office signs with. */
  readonly publicKey?: string;
  readonly code?: string;
  /** The HAT whose keypad takes the code: a serial device, or `emulator`. */
  readonly hat?: string;
}

const text = z.string({ error: 'it must be text' }).min(1, { error: 'it is empty' });

/** Strict, so that a slip in a key is told and not passed over. */
export const enrolmentInformationSchema = z.strictObject({
  broker: z.exactOptional(
    z
      .string()
      .regex(/^(?:mqtts?|wss?):\/\/[^\s@]+$/, { error: 'allowed: mqtt://, mqtts://, ws:// or wss:// with a host' }),
  ),
  username: z.exactOptional(text),
  password: z.exactOptional(text),
  ca: z.exactOptional(text),
  publicKey: z.exactOptional(text),
  code: z.exactOptional(z.string({ error: 'it must be text: put it in quotes' }).max(64)),
  hat: z.exactOptional(z.string().regex(/^(?:emulator|\/.+)$/, { error: 'allowed: a serial device, or emulator' })),
});

/** Reads `branchline-enrol.yaml`. No message repeats a value: a code or a password may be among them. */
export function readEnrolmentInformation(source: string): {
  readonly information?: EnrolmentInformation;
  readonly problems: readonly Problem[];
} {
  const document = readDocument(source);
  if (document.value === undefined) return { problems: document.problems };
  const parsed = enrolmentInformationSchema.safeParse(document.value);
  if (parsed.success) return { information: parsed.data, problems: document.problems };
  const problems = parsed.error.issues.map((issue): Problem => {
    const path = issue.path.filter((key) => typeof key !== 'symbol');
    const isUnknown = issue.code === 'unrecognized_keys';
    const place = isUnknown ? document.positionOfKey([...path, issue.keys[0]!]) : document.positionOf(path);
    const allowed = Object.keys(enrolmentInformationSchema.shape).join(', ');
    const message = isUnknown ? `unknown key; allowed: ${allowed}` : `${formatPath(path)}: ${issue.message}`;
    return { ...place, severity: 'error', message };
  });
  return { problems };
}

/** The file for one box, as `readEnrolmentInformation` reads it. */
export function formatEnrolmentInformation(site: string, information: EnrolmentInformation): string {
  return `# For the boot partition of the box of ${site}, and for no other.\n${stringify(information)}`;
}
