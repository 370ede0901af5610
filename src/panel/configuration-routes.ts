import { z } from 'zod';
import {
  changeRequestSchema,
  checkedSchema,
  checkRequestSchema,
  configurationTextSchema,
  standingSchema,
} from './configuration.ts';
import { failure, json, type Route, type Visitor } from './http.ts';
import { withBody } from './request-body.ts';
import type { PanelServices } from './services.ts';
import { errorSchema } from './status-routes.ts';

/** Text of which half is quotes grows in JSON. */
const MAX_BODY_BYTES = 2 << 20;

const invalidSchema = z
  .object({ error: z.string(), problems: checkedSchema.shape.problems })
  .meta({ id: 'InvalidConfiguration' });
const refused = { description: 'not what it can be; the error says why', schema: errorSchema };
const conflict = { description: 'not now; the error says why', schema: errorSchema };

/** The configuration editor: read, check, put on trial, keep or take back. `userOf` says who has logged in. */
export function configurationRoutes(
  { configuration }: Pick<PanelServices, 'configuration'>,
  userOf: (visitor: Visitor) => string | undefined,
): Route[] {
  if (configuration === undefined) return [];
  const done = (failed: string | undefined) =>
    failed === undefined ? json(200, configuration.standing()) : failure(409, failed);
  return [
    {
      method: 'GET',
      path: '/api/configuration',
      summary: 'The configuration in force, its secrets masked',
      responses: { 200: { description: 'its text', schema: configurationTextSchema }, 409: conflict },
      handle() {
        const read = configuration.read();
        return 'failed' in read ? failure(409, read.failed) : json(200, read);
      },
    },
    {
      method: 'POST',
      path: '/api/configuration/check',
      summary: 'What is wrong with a text, and what it would change; nothing happens',
      body: checkRequestSchema,
      maxBodyBytes: MAX_BODY_BYTES,
      responses: { 200: { description: 'problems and changes', schema: checkedSchema }, 400: refused },
      handle: (request) => withBody(request, checkRequestSchema, ({ text }) => json(200, configuration.check(text))),
    },
    {
      method: 'POST',
      path: '/api/configuration',
      summary: 'Puts a text on trial: it runs, and is rolled back unless it is confirmed in time',
      body: changeRequestSchema,
      maxBodyBytes: MAX_BODY_BYTES,
      responses: {
        202: { description: 'it is on its way', schema: standingSchema },
        400: refused,
        409: conflict,
        422: { description: 'it has errors', schema: invalidSchema },
      },
      handle: (request) =>
        withBody(request, changeRequestSchema, ({ text, version, confirmWithin }) => {
          const user = (request.visitor === undefined ? undefined : userOf(request.visitor)) ?? null;
          const failed = configuration.apply({ text, version, user, confirmWithinMs: confirmWithin });
          if (failed === undefined) return json(202, configuration.standing());
          const { reason, error } = failed;
          return reason === 'invalid' ? json(422, { error, problems: failed.problems }) : failure(409, error);
        }),
    },
    {
      method: 'GET',
      path: '/api/configuration/trial',
      summary: 'What is being tried, and what became of the last one',
      responses: { 200: { description: 'where it stands', schema: standingSchema } },
      handle: () => json(200, configuration.standing()),
    },
    {
      method: 'POST',
      path: '/api/configuration/confirm',
      summary: 'Keeps what is on trial, once all is reached that was reached before',
      responses: { 200: { description: 'where it stands', schema: standingSchema }, 409: conflict },
      handle: () => done(configuration.confirm()),
    },
    {
      method: 'POST',
      path: '/api/configuration/rollback',
      summary: 'Takes what is on trial back',
      responses: { 200: { description: 'where it stands', schema: standingSchema }, 409: conflict },
      handle: () => done(configuration.rollBack()),
    },
  ];
}
