import { z } from 'zod';
import { issueText } from '../status/issue-text.ts';
import { failure, json, type Route } from './http.ts';
import { firstProblem, withBody } from './request-body.ts';
import type { PanelServices } from './services.ts';
import { errorSchema } from './status-routes.ts';

/** What can be dialled and who can dial: numbers, extensions, `line/1`; never control characters. */
const partySchema = z
  .string()
  .min(1)
  .max(80)
  .regex(/^[\w+*#@./-]+$/, 'letters, digits and + * # @ . / - only');

export const originateSchema = z
  .strictObject(
    { from: partySchema, to: partySchema },
    { error: ({ code }) => (code === 'invalid_type' ? 'The body must be an object of from and to.' : undefined) },
  )
  .meta({ id: 'Originate' });
const callIdSchema = z.object({ id: z.string() }).meta({ id: 'CallId' });

const traceSchema = z
  .object({
    context: z.string(),
    steps: z.array(z.object({ location: z.string(), application: z.string(), outcome: z.string() })),
  })
  .meta({ id: 'RouteTrace' });

/** Starting and ending calls, and asking what the dialplan would do. */
export function callRoutes(services: PanelServices): Route[] {
  return [
    {
      method: 'POST',
      path: '/api/calls',
      summary: 'Calls `from` and, when it answers, `to`',
      body: originateSchema,
      responses: {
        201: { description: 'the call began', schema: callIdSchema },
        400: { description: 'not a pair of parties', schema: errorSchema },
        409: { description: 'it cannot be made', schema: errorSchema },
      },
      handle: (request) =>
        withBody(request, originateSchema, ({ from, to }) => {
          const result = services.originate(from, to);
          return 'failed' in result ? failure(409, result.failed) : json(201, { id: result.id });
        }),
    },
    {
      method: 'DELETE',
      path: '/api/calls/:id',
      summary: 'Ends a call',
      responses: {
        200: { description: 'it is being ended', schema: callIdSchema },
        404: { description: 'no such', schema: errorSchema },
      },
      handle({ params }) {
        const id = params['id'] ?? '';
        return services.hangup(id) ? json(200, { id }) : failure(404, `there is no call ${id}`);
      },
    },
    {
      method: 'GET',
      path: '/api/route',
      summary: 'What a dialled number would do, step by step, without calling anyone',
      query: {
        number: { schema: partySchema, description: 'what is dialled' },
        from: { schema: partySchema, description: 'a context, or line/N' },
      },
      responses: {
        200: { description: 'the steps', schema: traceSchema },
        400: { description: 'a parameter is missing', schema: errorSchema },
        404: { description: 'no such context or line', schema: errorSchema },
      },
      handle({ query }) {
        const number = partySchema.safeParse(query['number'], { error: issueText });
        if (!number.success) return failure(400, `number: ${firstProblem(number.error)}`);
        const from = partySchema.safeParse(query['from'], { error: issueText });
        if (!from.success) return failure(400, `from: ${firstProblem(from.error)}`);
        const trace = services.trace(number.data, from.data);
        return 'failed' in trace ? failure(404, trace.failed) : json(200, trace);
      },
    },
  ];
}
