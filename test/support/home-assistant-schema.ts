import { z } from 'zod';

/** A topic to publish on, or one to subscribe to: no empty text, no wildcard. */
const topic = z.string().regex(/^[^+#\0]{1,200}$/);
/** Jinja of which every bracket is closed. */
const template = z
  .string()
  .refine((text) => text.split('{{').length === text.split('}}').length, 'brackets that match');
const text = z.string().min(1);

const entity = {
  unique_id: text,
  name: text.nullable().optional(),
  icon: z
    .string()
    .regex(/^mdi:[a-z0-9-]+$/)
    .optional(),
  json_attributes_topic: topic.optional(),
  json_attributes_template: template.optional(),
  enabled_by_default: z.boolean().optional(),
  qos: z.number().int().min(0).max(2).optional(),
};

/** What Home Assistant refuses to be a setting: something that only shows a value. */
const shownCategory = z.literal('diagnostic').optional();

const sensor = z
  .strictObject({
    ...entity,
    p: z.literal('sensor'),
    state_topic: topic,
    value_template: template.optional(),
    entity_category: shownCategory,
    device_class: z.enum(['temperature', 'duration', 'enum', 'signal_strength', 'timestamp', 'voltage']).optional(),
    state_class: z.enum(['measurement', 'total', 'total_increasing']).optional(),
    unit_of_measurement: text.optional(),
    options: z.array(text).min(1).optional(),
  })
  .refine(
    ({ device_class, unit_of_measurement: unit = '' }) => device_class !== 'temperature' || /^(?:°[CF]|K)$/.test(unit),
    'a temperature is in °C, °F or K',
  )
  .refine(
    ({ device_class, options }) => (device_class === 'enum') === (options !== undefined),
    'options are of an enum',
  );

const binarySensor = z.strictObject({
  ...entity,
  p: z.literal('binary_sensor'),
  state_topic: topic,
  value_template: template.optional(),
  payload_on: text.optional(),
  payload_off: text.optional(),
  entity_category: shownCategory,
  device_class: z.enum(['connectivity', 'problem', 'power', 'running', 'update']).optional(),
});

const button = z.strictObject({
  ...entity,
  p: z.literal('button'),
  command_topic: topic,
  command_template: template.optional(),
  payload_press: text.optional(),
  retain: z.boolean().optional(),
  entity_category: z.enum(['config', 'diagnostic']).optional(),
  device_class: z.enum(['identify', 'restart', 'update']).optional(),
});

/** Its topic may have wildcards: many things may make the same event. */
const event = z.strictObject({
  ...entity,
  p: z.literal('event'),
  state_topic: z.string().regex(/^(?:[^+#\0]+|\+)(?:\/(?:[^+#\0/]+|\+))*(?:\/#)?$/),
  event_types: z.array(text).min(1),
  value_template: template.optional(),
  device_class: z.enum(['button', 'doorbell', 'motion']).optional(),
  entity_category: z.literal('diagnostic').optional(),
});

/**
 * What Home Assistant takes as the discovery of a device, as its documentation of the MQTT integration has it, for the
 * platforms that are used here. Stricter in one thing: a key that it does not know is an error, and not passed over.
 */
export const discoverySchema = z.strictObject({
  device: z.strictObject({
    identifiers: z.array(text).min(1),
    name: text.optional(),
    manufacturer: text.optional(),
    model: text.optional(),
    sw_version: text.optional(),
    hw_version: text.optional(),
    serial_number: text.optional(),
    suggested_area: text.optional(),
    configuration_url: z.url().optional(),
  }),
  origin: z.strictObject({ name: text, sw_version: text.optional(), support_url: z.url().optional() }),
  availability: z.array(
    z.strictObject({
      topic,
      payload_available: text.optional(),
      payload_not_available: text.optional(),
      value_template: template.optional(),
    }),
  ),
  components: z.record(text, z.union([sensor, binarySensor, button, event])),
});
