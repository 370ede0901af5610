import { z } from 'zod';
import { duration } from '../status/probation.ts';
import { reportedSchema } from '../status/provisioning-record.ts';

/** Longer than any document that was ever seen, and no burden for a small box. */
const MAX_CHARACTERS = 512 << 10;

const text = z
  .string()
  .max(MAX_CHARACTERS)
  .describe('the YAML; `***` in the place of a secret keeps the one that is in force there');

export const checkRequestSchema = z.strictObject({ text }).meta({ id: 'ConfigurationToCheck' });

export const changeRequestSchema = z
  .strictObject({
    text,
    version: z.string().describe('of the configuration that was changed; another one in force is a conflict'),
    confirmWithin: duration
      .prefault('2m')
      .refine((ms) => ms >= 10_000 && ms <= 3_600_000, 'from 10s to 1h')
      .describe('how long it may take until it is confirmed'),
  })
  .meta({ id: 'ConfigurationChange' });

const version = z.string().describe('of the configuration that runs');
const source = z.enum(['file', 'head-office', 'panel']).describe('where the configuration that runs was made');

export const configurationTextSchema = z
  .object({ text: z.string().describe('the YAML in force, each secret masked as `***`'), version, source })
  .meta({ id: 'ConfigurationText' });

const problemSchema = z
  .object({
    line: z.number().describe('from 1'),
    column: z.number().describe('from 1, in UTF-16 units'),
    severity: z.enum(['error', 'warning']),
    message: z.string().describe('what is wrong, what is allowed'),
    stopsRun: z.exactOptional(z.literal(true)).describe('a warning with which it may not run'),
  })
  .meta({ id: 'ConfigurationProblem' });

export const checkedSchema = z
  .object({
    problems: z.array(problemSchema),
    changes: z
      .array(
        z.object({
          path: z.string(),
          kind: z.enum(['added', 'removed', 'changed']),
          before: z.unknown().describe('null where there was nothing; secrets are masked'),
          after: z.unknown(),
          live: z.boolean().describe('takes effect at once; the rest takes another start, once no call stands'),
        }),
      )
      .describe('what differs from the configuration that runs; empty while there are errors'),
    touches: z.object({
      lines: z.array(z.string()),
      phones: z.array(z.string()),
      trunks: z.array(z.string()),
      calls: z.array(z.string()).describe('that stand on one of these; none of them is ended'),
      restart: z.boolean().describe('it takes another start of the appliance, for which calls are waited for'),
    }),
  })
  .meta({ id: 'ConfigurationCheck' });

export const standingSchema = z
  .object({
    phase: z
      .enum(['idle', 'applying', 'trial', 'ending'])
      .describe(
        'applying: on its way to run, perhaps waiting for calls; trial: it runs; ending: it is kept or taken back',
      ),
    by: z.enum(['head-office', 'panel']).nullable().describe('who gave what is tried'),
    user: z.string().nullable(),
    unconfirmed: z.boolean().describe('it waits for an operator'),
    remainingMs: z.number().nullable().describe('until it is rolled back'),
    missing: z.array(z.string()).describe('what it does not reach of what was reached before'),
    version,
    source,
    reported: reportedSchema.nullable().describe('what became of the last one, as on config/reported'),
  })
  .meta({ id: 'ConfigurationStanding' });

export type ConfigurationText = Readonly<z.output<typeof configurationTextSchema>>;
export type CheckedConfiguration = Readonly<z.output<typeof checkedSchema>>;
export type ConfigurationStanding = Readonly<z.output<typeof standingSchema>>;
