import { failure, type SocketRoute } from './http.ts';
import type { PanelServices } from './services.ts';

/** A listener that takes less than it is told would fill the memory; its file would have gaps. */
const MAX_UNSENT_BYTES = 4 << 20;
const TOO_SLOW = 1013;
/** Everything is there, and nothing more will come. [RFC6455 §7.4.1] */
const COMPLETE = 1000;

/** After the end of a call its last frames are still acknowledged. */
const AFTERMATH_MS = 1_000;

/** `/api/capture`: a pcapng file in pieces as it grows, of all that passes by IAX2, SIP and RTP or of one call (`?call=ID`). */
export function captureSocket(services: PanelServices): SocketRoute {
  return {
    path: '/api/capture',
    summary: 'Signalling and media as a growing pcapng file',
    isLocal: true,
    open({ query }) {
      const { call } = query;
      const stands = () => services.status().calls.some(({ id }) => id === call);
      if (call !== undefined && !stands()) return failure(404, `there is no call ${call}`);
      return {
        start(socket) {
          const stop = services.capture(call, (bytes) => {
            if (socket.unsentBytes > MAX_UNSENT_BYTES) socket.close(TOO_SLOW, 'the reader is too slow');
            else socket.send(bytes);
          });
          if (call === undefined) return stop;
          let timer: NodeJS.Timeout | undefined;
          const unsubscribe = services.subscribe(() => {
            if (timer === undefined && !stands())
              timer = setTimeout(() => socket.close(COMPLETE, 'the call is over'), AFTERMATH_MS);
          });
          return () => {
            clearTimeout(timer);
            unsubscribe();
            stop();
          };
        },
      };
    },
  };
}
