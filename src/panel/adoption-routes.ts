import { z } from 'zod';
import { adoptionSchema } from '../status/schema.ts';
import { failure, json, type Route } from './http.ts';
import type { PanelServices } from './services.ts';
import { errorSchema } from './status-routes.ts';

const time = z.iso.datetime().describe('RFC 3339, UTC');

const openedSchema = z
  .object({ secret: z.string().describe('what the phone must be given; it is not told again'), until: time })
  .meta({ id: 'AdoptionOpened' });
const userSchema = z.object({ user: z.string() }).meta({ id: 'PhoneUser' });

/** Adopt mode: one SIP phone more, without a word in the configuration. */
export function adoptionRoutes(services: PanelServices): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/adoption',
      summary: 'Whether adopt mode is open',
      responses: {
        200: { description: 'until when; null where it is not allowed', schema: adoptionSchema.nullable() },
      },
      handle: () => json(200, services.status().adoption),
    },
    {
      method: 'POST',
      path: '/api/adoption',
      summary: 'Opens adopt mode: one SIP phone that proves the secret given here may register, once',
      responses: {
        201: { description: 'it is open', schema: openedSchema },
        409: { description: 'phones cannot be adopted', schema: errorSchema },
      },
      handle() {
        const opened = services.openAdoption();
        return 'failed' in opened ? failure(409, opened.failed) : json(201, opened);
      },
    },
    {
      method: 'DELETE',
      path: '/api/adoption',
      summary: 'Closes adopt mode',
      responses: {
        200: { description: 'it is closed', schema: adoptionSchema },
        409: { description: 'it was not open', schema: errorSchema },
      },
      handle: () => (services.closeAdoption() ? json(200, { until: null }) : failure(409, 'adopt mode is not open')),
    },
    {
      method: 'DELETE',
      path: '/api/phones/:id',
      summary: 'Shuts out a phone that was adopted',
      responses: {
        200: { description: 'it is forgotten', schema: userSchema },
        404: { description: 'no such', schema: errorSchema },
      },
      handle({ params }) {
        const user = params['id'] ?? '';
        return services.forgetPhone(user) ? json(200, { user }) : failure(404, `no phone ${user} was adopted`);
      },
    },
  ];
}
