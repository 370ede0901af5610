import { z } from 'zod';
import { issueText } from '../status/issue-text.ts';
import { logEntrySchema, logLevelSchema } from '../status/log-book.ts';
import { MAX_UNSENT_BYTES, TRY_AGAIN_LATER } from './event-socket.ts';
import { failure, json, type Route, type SocketRoute } from './http.ts';
import { firstProblem } from './request-body.ts';
import type { PanelServices } from './services.ts';
import { errorSchema } from './status-routes.ts';

const LOG = '/api/log';

/** The last entries of the log. */
export function logRoutes({ log }: Pick<PanelServices, 'log'>): Route[] {
  return [
    {
      method: 'GET',
      path: LOG,
      summary: 'The last entries of the log, oldest first; the WebSocket of this path goes on with each as it comes',
      query: { level: { schema: logLevelSchema, description: 'this and worse; info when not given' } },
      responses: {
        200: { description: 'entries since the start, 500 at most', schema: z.array(logEntrySchema) },
        400: { description: 'no such level', schema: errorSchema },
      },
      handle({ query }) {
        const level = logLevelSchema.optional().safeParse(query['level'], { error: issueText });
        return level.success ? json(200, log.entries(level.data)) : failure(400, `level: ${firstProblem(level.error)}`);
      },
    },
  ];
}

/** `/api/log`: first a list of the last entries, then a list of one for each that comes. */
export function logSocket({ log }: Pick<PanelServices, 'log'>): SocketRoute {
  return {
    path: LOG,
    summary: 'The last entries of the log, then each as it comes',
    open: () => ({
      start(socket) {
        socket.send(JSON.stringify(log.entries()));
        return log.follow((entry) => {
          if (socket.unsentBytes > MAX_UNSENT_BYTES) socket.close(TRY_AGAIN_LATER, 'too slow');
          else socket.send(JSON.stringify([entry]));
        });
      },
    }),
  };
}
