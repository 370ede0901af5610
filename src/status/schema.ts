import { z } from 'zod';
import { causeWords } from '../base/causes.ts';
import { answerSchema } from './command.ts';
import { eventSchema } from './event.ts';
import { reportedSchema } from './provisioning-record.ts';
import { updateReportedSchema } from './updating.ts';

/**
 * The words of `status --json`, of the HTTP API and of the MQTT state topics: one set of schemas, from which come the
 * TypeScript types, the JSON Schema files of docs/reference/schemas and the OpenAPI description. Words may be added;
 * those here keep their meaning.
 */

const time = z.iso.datetime().describe('RFC 3339, UTC');
const reason = z.string().nullable().describe('one sentence saying why it does not work, null when all is well');

export const registrationSchema = z
  .object({
    state: z.enum(['unregistered', 'registering', 'registered', 'rejected', 'timeout', 'no-auth']),
    refreshS: z.number().nullable().describe('seconds that the registrar granted'),
    apparent: z.string().nullable().describe('address and port that the far end sees us at'),
    messages: z
      .object({ new: z.number(), old: z.number() })
      .optional()
      .describe('voice messages that wait there, where it says so'),
    since: time,
  })
  .meta({ id: 'Registration' });

export const trunkSchema = z
  .object({
    kind: z.enum(['iax2', 'sip']),
    reachable: z.boolean().nullable().describe('answers to qualify; null without qualify'),
    rttMs: z.number().nullable().describe('last measured round trip'),
    lossPct: z.number().nullable().describe('share of unanswered qualify probes of late'),
    address: z.string().nullable().describe('address and port of the peer, when known'),
    reason,
    registration: registrationSchema.nullable().describe('null when neither side registers'),
  })
  .meta({ id: 'Trunk' });

const doNotDisturb = z.boolean().default(false).describe('it does not ring: who calls it finds it busy');

const forwardTo = z.string().nullable();
const forward = z
  .object({ always: forwardTo, busy: forwardTo, noAnswer: forwardTo })
  .default({ always: null, busy: null, noAnswer: null })
  .describe('where its calls go instead: always, while it is busy, when nobody answers; null: nowhere else');

export const lineSchema = z
  .object({
    kind: z.enum(['fxs', 'fxo']),
    hook: z.enum(['on', 'off']),
    state: z.enum([
      'idle',
      'dial-tone',
      'dialling',
      'calling',
      'ringing',
      'talking',
      'held',
      'busy',
      'congestion',
      'howler',
      'lockout',
      'out-of-service',
    ]),
    extension: z.string().nullable(),
    name: z.string().nullable(),
    fault: z
      .enum(['short', 'ground', 'over-temperature'])
      .optional()
      .describe('what is wrong with its wires; absent while nothing is known to be'),
    doNotDisturb,
    forward,
    since: time,
  })
  .meta({ id: 'Line' });

export const phoneSchema = z
  .object({
    state: z.enum(['unregistered', 'registered', 'unreachable']),
    contact: z.string().nullable().describe('where it can be reached, when registered'),
    extension: z.string().nullable(),
    name: z.string().nullable(),
    adopted: z.boolean().describe('let in by adopt mode, and not named in the configuration'),
    rttMs: z.number().nullable().default(null).describe('last measured round trip; null without sip.qualify'),
    lossPct: z.number().nullable().default(null).describe('share of unanswered qualify probes of late'),
    doNotDisturb,
    forward,
    since: time,
  })
  .meta({ id: 'Phone' });

export const adoptionSchema = z
  .object({ until: time.nullable().describe('when adopt mode closes by itself; null while it is closed') })
  .meta({ id: 'Adoption' });

export const legSchema = z
  .object({
    kind: z.enum(['line', 'iax2', 'sip', 'local']),
    channel: z.string().describe('what the dialplan calls it: LINE/1, IAX2/hq'),
    lossPct: z.number().nullable().describe('of what should have been received; null without a measure'),
    jitterMs: z.number().nullable(),
    mos: z.number().nullable().describe('estimated, 1 to 4.5'),
    far: z
      .object({
        lossPct: z.number(),
        jitterMs: z.number(),
        rttMs: z.number().nullable(),
        discardPct: z.number().optional().describe('came too late to be heard there, where it says so'),
        mos: z.number().optional().describe('of conversation as it estimates it, 1 to 5, where it says so'),
      })
      .optional()
      .describe('what the far end says that it receives of us, where it says so'),
  })
  .meta({ id: 'Leg' });

export const callSchema = z
  .object({
    id: z.string(),
    from: z.string(),
    to: z.string(),
    state: z.enum(['dialling', 'ringing', 'talking', 'held', 'ending']),
    since: time.describe('when it came into this state'),
    started: time,
    emergency: z.boolean().describe('an emergency call, or the way back to who made one'),
    legs: z.array(legSchema),
  })
  .meta({ id: 'Call' });

export const mediaSchema = z
  .object({
    io: z.string().describe('how packets get in and out: batched, or event-loop: one by one'),
    tickLatenessMs: z.object({ p50: z.number(), p99: z.number(), max: z.number() }),
  })
  .meta({ id: 'Media' });

export const brokerSchema = z
  .object({
    url: z.string().describe('without user and password'),
    state: z.enum(['connecting', 'connected', 'waiting', 'stopped']),
    protocol: z.enum(['5', '3.1.1']).nullable().describe('version of MQTT that the broker took'),
    waiting: z.number().default(0).describe('records and events that no broker has yet'),
    reason,
    since: time,
  })
  .meta({ id: 'Broker' });

const fromHat = z.number().nullable().describe('as the HAT counts since its start; null until it has told');

export const hatSchema = z
  .object({
    port: z.string().describe('serial device, or emulator'),
    runs: z.enum(['hardware', 'firmware', 'plain-model']).describe('what is at the other end'),
    up: z.boolean().describe('whether it answers'),
    reason,
    board: z.string().nullable(),
    firmware: z.string().nullable().describe('version'),
    rttMs: z.number().nullable().describe('last measured round trip of the link'),
    crcErrors: z.number().describe('frames received with a wrong CRC'),
    resyncs: z.number().describe('frames received that were no frames: cut, too long, wrongly stuffed'),
    repeats: z.number().describe('commands sent again for want of an acknowledgement'),
    resets: z.number().describe('starts of the HAT since ours, but for the first'),
    resetLine: z.number().describe('how often its reset line was pulled'),
    reopenings: z.number().describe('how often the port was opened again'),
    underruns: fromHat.describe('blocks of sound that were missing at the HAT'),
    lateBlocks: fromHat.describe('blocks of sound that came too late to the HAT'),
    stalledBlocks: z
      .number()
      .nullable()
      .describe('10 ms blocks that an emulated HAT could not catch up; null for hardware'),
    hatCrcErrors: fromHat.describe('frames that the HAT received broken'),
  })
  .meta({ id: 'Hat' });

const conferenceSchema = z
  .object({
    members: z.array(z.object({ channel: z.string(), leader: z.boolean(), muted: z.boolean() })),
    locked: z.boolean(),
    recording: z.boolean(),
    since: time,
  })
  .meta({ id: 'Conference' });

export const statusSchema = z
  .object({
    site: z.string(),
    version: z.string(),
    uptimeMs: z.number(),
    trunks: z.record(z.string(), trunkSchema),
    hat: hatSchema.nullable().describe('null without a HAT'),
    lines: z.record(z.string(), lineSchema),
    phones: z.record(z.string(), phoneSchema),
    adoption: adoptionSchema.nullable().describe('adopt mode; null where the configuration does not allow it'),
    calls: z.array(callSchema),
    conferences: z.record(z.string(), conferenceSchema).describe('those that somebody is in, by number'),
    media: mediaSchema,
    mqtt: brokerSchema.nullable().describe('null when no broker is configured'),
    dropped: z.record(z.string(), z.number()).describe('frames and messages dropped, by reason'),
  })
  .meta({ id: 'Status' });

export type TrunkStatus = z.infer<typeof trunkSchema>;
export type RegistrationStatus = z.infer<typeof registrationSchema>;
export type HatStatus = z.infer<typeof hatSchema>;
export type LineStatus = z.infer<typeof lineSchema>;
export type PhoneStatus = z.infer<typeof phoneSchema>;
export type LegStatus = z.infer<typeof legSchema>;
export type CallStatus = z.infer<typeof callSchema>;
export type ConferenceStatus = z.infer<typeof conferenceSchema>;
export type MediaStatus = z.infer<typeof mediaSchema>;
export type BrokerStatus = z.infer<typeof brokerSchema>;
export type StatusSnapshot = z.infer<typeof statusSchema>;

/** What stands on an MQTT topic: the status with the time of writing. */
const at = { at: time.describe('when this was written') };

export const presenceSchema = z
  .object({
    state: z.enum(['online', 'offline']),
    session: z.string().describe('one per connection: an offline of another session than the last online is stale'),
    ...at,
  })
  .meta({ id: 'Presence' });

export const healthSchema = z
  .object({
    version: z.string(),
    uptimeMs: z.number(),
    cpuPct: z.number().describe('of one core, since the health before'),
    memoryMb: z.number().describe('resident'),
    temperatureC: z.number().nullable(),
    power: z
      .object({
        undervoltage: z.boolean().nullable(),
        undervoltageSinceBoot: z.boolean().nullable(),
        throttled: z.boolean().nullable().describe('slowed down, for voltage or for heat'),
        throttledSinceBoot: z.boolean().nullable(),
      })
      .nullish()
      .describe('what a Raspberry Pi says of its supply; null elsewhere'),
    clock: z
      .object({
        hatPpm: z
          .number()
          .nullable()
          .describe(
            'parts per million by which the sample clock of the HAT runs fast; null until it was heard for a minute',
          ),
        synchronised: z
          .boolean()
          .nullable()
          .describe('whether systemd-timesyncd has set the clock of the system; null where that is not known'),
        setByMs: z
          .number()
          .describe('by how much the clock of the system was set, forward if positive, since the start'),
      })
      .optional()
      .describe('how the clocks drift apart'),
    hat: hatSchema.nullish().describe('null without a HAT'),
    sealingKey: z.string().nullish().describe('base64: secrets sealed with it can be opened by this appliance alone'),
    ...at,
  })
  .meta({ id: 'Health' });

export const callEventSchema = callSchema
  .extend({
    event: z.enum(['state', 'quality']),
    cause: z.string().nullable().describe('why it ends, null before'),
    ...at,
  })
  .meta({ id: 'CallEvent' });

const causeWord = z.enum(causeWords()).describe('why it ended');

const recordFields = {
  id: z.string().describe('of this record, the same however often it is sent: drop what you have seen'),
  site: z.string(),
  callId: z.string().describe('what the legs of a call and the call itself have in common'),
  from: z.string(),
  to: z.string().describe('the number that was dialled'),
  start: time,
  answer: time.nullable().describe('null if it was never answered'),
  end: time,
  durationMs: z.number().describe('from start to end'),
  talkMs: z.number().describe('from answer to end, 0 without one'),
  cause: causeWord,
  q850: z.number().describe('the same cause as a value of Q.850'),
  emergency: z.boolean().default(false).describe('part of an emergency call, or of the way back to who made one'),
  forwardedBy: z.string().nullable().default(null).describe('the extension that had sent the call on to `to`'),
};

export const callCdrSchema = z.object({ kind: z.literal('call'), ...recordFields }).meta({ id: 'CallRecord' });

export const legCdrSchema = z
  .object({
    kind: z.literal('leg'),
    ...recordFields,
    leg: z.object({
      index: z.number().describe('0 is the leg of the caller'),
      kind: legSchema.shape.kind,
      channel: legSchema.shape.channel,
      direction: z.enum(['in', 'out']).describe('in: it called us; out: we called it'),
    }),
    quality: z
      .object({ lossPct: z.number().nullable(), jitterMs: z.number().nullable(), mos: z.number().nullable() })
      .nullable()
      .describe('null if no sound was exchanged'),
  })
  .meta({ id: 'LegRecord' });

export const cdrSchema = z.discriminatedUnion('kind', [callCdrSchema, legCdrSchema]).meta({ id: 'Cdr' });

export type Cdr = z.infer<typeof cdrSchema>;
export type Presence = z.infer<typeof presenceSchema>;
export type CallEvent = z.infer<typeof callEventSchema>;
export type HealthStatus = Omit<z.infer<typeof healthSchema>, 'at'>;

/** The schema of each topic under `branchline/<site>/`, where `+` stands for an escaped name. */
export const topicSchemas = {
  state: presenceSchema,
  health: healthSchema,
  'lines/+': lineSchema.extend(at).meta({ id: 'LineTopic' }),
  'phones/+': phoneSchema.extend(at).meta({ id: 'PhoneTopic' }),
  'trunks/+': trunkSchema.extend(at).meta({ id: 'TrunkTopic' }),
  'calls/+': callEventSchema,
} as const;

/** What is published as `docs/reference/schemas/<name>.json`. Consumers accept properties that are not named there. */
export function publishedSchemas(): Record<string, object> {
  const schemas = {
    status: statusSchema,
    state: topicSchemas.state,
    health: topicSchemas.health,
    line: topicSchemas['lines/+'],
    phone: topicSchemas['phones/+'],
    trunk: topicSchemas['trunks/+'],
    call: topicSchemas['calls/+'],
    cdr: cdrSchema,
    event: eventSchema,
    'config-reported': reportedSchema,
    'update-reported': updateReportedSchema,
    'command-answer': answerSchema,
  };
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, z.toJSONSchema(schema, { io: 'input', reused: 'inline' })]),
  );
}
