import { callSchema, type StatusSnapshot } from './schema.ts';
import { escapeLevel, topicRoot } from './topics.ts';

/** Where Home Assistant says that it has started: what it is to know is told again then. */
export const BIRTH_TOPIC = 'homeassistant/status';

/** A part of the appliance as Home Assistant shows it, in the words of its MQTT integration. */
interface Component {
  readonly p: 'sensor' | 'binary_sensor' | 'button' | 'event';
  readonly unique_id: string;
  readonly name: string;
  readonly state_topic?: string;
  readonly value_template?: string;
  readonly device_class?: string;
  readonly entity_category?: 'diagnostic' | 'config';
  readonly json_attributes_topic?: string;
  readonly unit_of_measurement?: string;
  readonly payload_on?: string;
  readonly payload_off?: string;
  readonly command_topic?: string;
  readonly command_template?: string;
  readonly icon?: string;
  readonly event_types?: readonly string[];
}

/** The topic of the one message that describes the whole appliance. */
export function discoveryTopic(site: string): string {
  return `homeassistant/device/branchline-${site}/config`;
}

/**
 * One device with a sensor for each line and phone, a connectivity for each trunk, an event for each turn that a call takes,
 * its temperature, its supply and, where the broker is who authorises, a button to find it. Entities are named after their topics, so that they survive a change of their names.
 */
export function discovery(
  { site, version, lines, phones, trunks }: StatusSnapshot,
  name: string | undefined,
  takesPlainCommands: boolean,
): object {
  const root = topicRoot(site);
  const components: Record<string, Component> = {};
  const add = (key: string, component: Omit<Component, 'unique_id'>) => {
    components[key] = { ...component, unique_id: `branchline-${site}-${key}` };
  };
  for (const [port, line] of Object.entries(lines)) {
    const topic = `${root}lines/${escapeLevel(port)}`;
    const title = line.name ?? (line.extension === null ? `Line ${port}` : `Line ${line.extension}`);
    add(`line-${port}`, { ...stateOf(title, topic), icon: 'mdi:phone-classic' });
  }
  for (const [user, phone] of Object.entries(phones)) {
    const topic = `${root}phones/${escapeLevel(user)}`;
    add(`phone-${user}`, { ...stateOf(phone.name ?? `Phone ${user}`, topic), icon: 'mdi:deskphone' });
  }
  for (const trunk of Object.keys(trunks)) {
    const topic = `${root}trunks/${escapeLevel(trunk)}`;
    add(`trunk-${trunk}`, {
      p: 'binary_sensor',
      name: `Trunk ${trunk}`,
      state_topic: topic,
      json_attributes_topic: topic,
      value_template:
        "{{ 'ON' if value_json.reachable or (value_json.reachable is none and value_json.registration and value_json.registration.state == 'registered') else 'OFF' }}",
      device_class: 'connectivity',
      entity_category: 'diagnostic',
    });
  }
  add('calls', {
    p: 'event',
    name: 'Calls',
    state_topic: `${root}calls/+`,
    // Home Assistant passes over an empty object: quality is no event.
    value_template:
      "{{ {'event_type': value_json.state, 'call': value_json.id, 'from': value_json['from'], 'to': value_json.to, 'emergency': value_json.emergency, 'cause': value_json.cause} | to_json if value_json.event == 'state' else '{}' }}",
    event_types: callSchema.shape.state.options,
    icon: 'mdi:phone-in-talk',
  });
  add('temperature', {
    p: 'sensor',
    name: 'Temperature',
    state_topic: `${root}health`,
    value_template: '{{ value_json.temperatureC }}',
    device_class: 'temperature',
    unit_of_measurement: '°C',
    entity_category: 'diagnostic',
  });
  add('supply', {
    p: 'binary_sensor',
    name: 'Supply',
    state_topic: `${root}health`,
    value_template: "{{ 'ON' if value_json.power and value_json.power.undervoltage else 'OFF' }}",
    device_class: 'problem',
    entity_category: 'diagnostic',
  });
  if (takesPlainCommands) {
    add('identify', {
      p: 'button',
      name: 'Identify',
      command_topic: `${root}cmd/identify`,
      command_template: '{"id":"ha-{{ (now().timestamp() * 1000) | int }}"}',
      device_class: 'identify',
      entity_category: 'config',
    });
  }
  return {
    device: {
      identifiers: [`branchline-${site}`],
      name: name ?? site,
      manufacturer: 'Branchline',
      model: 'Branch office switch',
      sw_version: version,
    },
    origin: { name: 'branchline', sw_version: version },
    availability: [
      {
        topic: `${root}state`,
        value_template: '{{ value_json.state }}',
        payload_available: 'online',
        payload_not_available: 'offline',
      },
    ],
    components,
  };
}

function stateOf(name: string, topic: string): Omit<Component, 'unique_id'> {
  return {
    p: 'sensor',
    name,
    state_topic: topic,
    json_attributes_topic: topic,
    value_template: '{{ value_json.state }}',
  };
}
