import { connectAsync } from 'mqtt';

/** What a subscriber of everything sees: the last payload of each topic, and every message in order. */
export async function watchBroker(url: string) {
  const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
  const messages: { topic: string; payload: string; retained: boolean }[] = [];
  const topics = new Map<string, string>();
  client.on('message', (topic, bytes, packet) => {
    const payload = bytes.toString('utf8');
    messages.push({ topic, payload, retained: packet.retain });
    if (payload === '') topics.delete(topic);
    else topics.set(topic, payload);
  });
  await client.subscribeAsync('#', { qos: 1 });
  return {
    messages,
    topics,
    json: (topic: string): Record<string, unknown> | undefined => {
      const payload = topics.get(topic);
      return payload === undefined ? undefined : (JSON.parse(payload) as Record<string, unknown>);
    },
    publish: (topic: string, payload: string, retain = true) => client.publishAsync(topic, payload, { qos: 1, retain }),
    close: () => client.endAsync(true),
  };
}
