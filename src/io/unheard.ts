import type { MqttClient } from 'mqtt';

/** Reason code of a PUBACK: the broker has the message, and nobody to give it to. [MQTT5 §3.4.2.1] */
const NO_SUBSCRIBERS = 0x10;

/** Watches the acknowledgements of a client; gives what says of a message, once, whether nobody listened to it. MQTT 5 only. */
export function watchUnheard(client: MqttClient): (messageId: number | undefined) => boolean {
  const unheard = new Set<number>();
  client.on('packetreceive', (packet) => {
    if (packet.cmd !== 'puback') return;
    if (packet.reasonCode === NO_SUBSCRIBERS) unheard.add(packet.messageId!);
    else unheard.delete(packet.messageId!);
  });
  return (messageId) => unheard.delete(messageId ?? 0);
}
