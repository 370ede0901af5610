import type { SocketRoute } from './http.ts';
import type { PanelServices } from './services.ts';

/** A listener that takes less than it is told is closed; it connects again and gets the whole status. */
export const MAX_UNSENT_BYTES = 1 << 20;

/** Try again later. [RFC6455 §7.4.1, IANA registry] */
export const TRY_AGAIN_LATER = 1013;

/**
 * `/api/events`: first `{type: 'status', status}`, then each change as it happens: `{type: 'state' | 'call', topic, body}`
 * with the topics and bodies of MQTT; the body of a state that is gone is null.
 */
export function eventSocket(services: PanelServices): SocketRoute {
  return {
    path: '/api/events',
    summary: 'The status, then every change of it',
    open: () => ({
      start(socket) {
        socket.send(JSON.stringify({ type: 'status', status: services.status() }));
        return services.subscribe((change) => {
          if (socket.unsentBytes > MAX_UNSENT_BYTES) socket.close(TRY_AGAIN_LATER, 'too slow');
          else socket.send(JSON.stringify(change));
        });
      },
    }),
  };
}
