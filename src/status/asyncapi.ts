import { z } from 'zod';
import { answerSchema, commandSchemas } from './command.ts';
import { eventSchema } from './event.ts';
import { reportedSchema } from './provisioning-record.ts';
import { cdrSchema, topicSchemas } from './schema.ts';
import { envelopeSchema } from './signed.ts';
import { updateReportedSchema } from './updating.ts';

interface Channel {
  readonly address: string;
  readonly summary: string;
  readonly schema: z.ZodType;
  /** As the appliance sees it. */
  readonly action: 'send' | 'receive';
}

const sent = (address: string, summary: string, schema: z.ZodType): Channel => ({
  address,
  summary,
  schema,
  action: 'send',
});

const CHANNELS: Readonly<Record<string, Channel>> = {
  state: sent('state', 'online or offline; retained, and the last will', topicSchemas.state),
  health: sent('health', 'how the box is; retained', topicSchemas.health),
  line: sent('lines/{name}', 'a line; retained', topicSchemas['lines/+']),
  phone: sent('phones/{name}', 'a phone; retained', topicSchemas['phones/+']),
  trunk: sent('trunks/{name}', 'a trunk; retained', topicSchemas['trunks/+']),
  call: sent('calls/{name}', 'one message for each change of a call', topicSchemas['calls/+']),
  cdr: sent('cdr', 'the record of a leg or of a call; QoS 1, at least once', cdrSchema),
  event: sent('events', 'something that happened; QoS 1, at least once', eventSchema),
  configReported: sent('config/reported', 'what became of the last configuration; retained', reportedSchema),
  updateReported: sent('update/reported', 'how far the last update has come; retained', updateReportedSchema),
  configDesired: {
    address: 'config/desired',
    summary: 'a signed configuration; retained',
    schema: envelopeSchema,
    action: 'receive',
  },
  reply: sent('reply/{name}', 'the answer to a command without a response topic', answerSchema),
  ...Object.fromEntries(
    Object.entries(commandSchemas).map(([verb, schema]): [string, Channel] => [
      `command-${verb}`,
      {
        address: `cmd/${verb}`,
        summary: 'a command; never retained',
        schema: schema.extend({ id: z.string().describe('what comes twice under one id is done once') }),
        action: 'receive',
      },
    ]),
  ),
};

/** The AsyncAPI 3.0 document of everything that stands on topics of MQTT, from the schemas of the code. */
export function asyncApi(version: string): object {
  const channels: Record<string, object> = {};
  const operations: Record<string, object> = {};
  const schemas: Record<string, unknown> = {};
  for (const [name, { address, summary, schema, action }] of Object.entries(CHANNELS)) {
    const parameters = {
      site: { description: 'site.id of the configuration' },
      ...(address.includes('{name}') ? { name: { description: 'number, user, name or id; + # / . % as %XX' } } : {}),
    };
    channels[name] = {
      address: `branchline/{site}/${address}`,
      summary,
      parameters,
      messages: {
        message: {
          contentType: 'application/json',
          payload: publish(schema, schemas),
        },
      },
    };
    operations[name] = { action, channel: { $ref: `#/channels/${name}` } };
  }
  return {
    asyncapi: '3.0.0',
    info: { title: 'Branchline over MQTT', version, description: 'MQTT 5, or 3.1.1 where the broker has no 5.' },
    defaultContentType: 'application/json',
    channels,
    operations,
    components: { schemas },
  };
}

/**
 * A schema for a payload; those with a name of their own go to `schemas`. What refers to them is resolved from the root of the
 * whole document, and not of the schema as JSON Schema has it.
 */
function publish(schema: z.ZodType, schemas: Record<string, unknown>): object {
  const text = JSON.stringify(z.toJSONSchema(schema, { io: 'input', reused: 'inline', target: 'draft-7' }));
  const { $schema, definitions, ...payload } = JSON.parse(
    text.replaceAll('"#/definitions/', '"#/components/schemas/'),
  ) as { $schema: string; definitions?: Record<string, object> };
  for (const [name, { id, ...named }] of Object.entries((definitions ?? {}) as Record<string, { id?: string }>)) {
    schemas[name] = { $schema, ...named };
  }
  return definitions === undefined ? { $schema, ...payload } : payload;
}
