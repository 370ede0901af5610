import { z } from 'zod';
import { duration } from './probation.ts';
import { type Fault, faultSchema } from './signed.ts';

/** What is signed: a configuration for one site. */
export const desiredSchema = z.strictObject({
  site: z.string(),
  revision: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  confirmWithin: duration.prefault('2m'),
  confirm: z.enum(['auto', 'operator']).prefault('auto'),
  config: z.string().describe('the configuration, YAML'),
});

const by = z
  .enum(['head-office', 'panel'])
  .default('head-office')
  .describe('who gave the configuration: head office a document, or somebody at the panel of the box');
const user = z.string().nullable().default(null).describe('who it was at the panel, where people log in');

export const reportedSchema = z
  .object({
    revision: z
      .number()
      .nullable()
      .describe(
        'of the document that was judged last; null if it could not be read, or if it was a change at the panel',
      ),
    by,
    user,
    state: z.enum(['applied', 'pending-confirm', 'rejected', 'rolled-back']),
    running: z.number().nullable().describe('the revision that runs; null for the configuration from the box itself'),
    changes: z.array(z.string()).describe('what it changes, key by key, without secrets'),
    errors: z.array(faultSchema),
    at: z.iso.datetime(),
  })
  .meta({ id: 'ConfigReported' });

export type Reported = z.infer<typeof reportedSchema>;

const candidateSchema = z.object({
  revision: z.number().nullable(),
  by,
  user,
  config: z.string(),
  confirm: z.enum(['auto', 'operator']),
  confirmWithinMs: z.number(),
  trunks: z.array(z.string()),
  /** Whether a broker was reached before. */
  broker: z.boolean().default(true),
  changes: z.array(z.string()),
});

/** All that must survive a power cut; one file, replaced as a whole. */
export const recordSchema = z.object({
  highestJudged: z.number(),
  /** The last configuration that proved good; null: the one from the box itself. */
  good: z
    .object({
      /** Null for one that was made at the panel. */
      revision: z.number().nullable(),
      config: z.string(),
      /** The file of the box that a change at the panel stands in place of, by a digest; null where it stands over a document. */
      file: z.string().nullable().default(null),
    })
    .nullable(),
  /** The revision of the document that was told of last. */
  document: z.number().nullable().default(null),
  /** On trial. Found at a start, it was interrupted. */
  candidate: candidateSchema.nullable(),
  reported: reportedSchema.nullable(),
});

export type ProvisioningRecord = z.infer<typeof recordSchema>;
export type Candidate = z.infer<typeof candidateSchema>;

export const NEVER_PROVISIONED: ProvisioningRecord = {
  highestJudged: -1,
  good: null,
  document: null,
  candidate: null,
  reported: null,
};

/** Whether what proved good is of the box: its file, or a change of that which was made at the panel. */
export function standsOverFile({ good }: ProvisioningRecord): boolean {
  return good === null || good.file !== null;
}

/** The file of the box counts again, where something was made of it at the panel. */
export function fileCounts(record: ProvisioningRecord, at: string): ProvisioningRecord {
  const errors = [{ path: '', message: 'the configuration file of the box was changed since, and counts again' }];
  const about = { revision: null, by: 'panel', user: null, running: null, changes: [] } as const;
  return { ...record, good: null, reported: { ...about, changes: [], state: 'rolled-back', errors, at } };
}

/**
 * What a start makes of what it finds: a configuration that was on trial when the power went is not the good one. The
 * record is to be saved if it is another one.
 */
export function settleStart(record: ProvisioningRecord, wallTime: string): ProvisioningRecord {
  if (record.candidate === null) return record;
  return withoutCandidate(record, [{ path: '', message: 'the appliance stopped while it was on trial' }], wallTime);
}

/** The record with what is on trial taken back. */
export function withoutCandidate(record: ProvisioningRecord, errors: readonly Fault[], at: string): ProvisioningRecord {
  const { candidate, good } = record;
  const reported: Reported = {
    revision: candidate?.revision ?? null,
    by: candidate?.by ?? 'head-office',
    user: candidate?.user ?? null,
    state: 'rolled-back',
    running: good?.revision ?? null,
    changes: [],
    errors: [...errors],
    at,
  };
  return { ...record, candidate: null, reported };
}
