import { z } from 'zod';
import { formatMetrics } from '../status/metrics.ts';
import { callSchema, lineSchema, phoneSchema, statusSchema, topicSchemas, trunkSchema } from '../status/schema.ts';
import { failure, json, type Route } from './http.ts';
import type { PanelServices } from './services.ts';

export const errorSchema = z.object({ error: z.string() }).meta({ id: 'Error' });

/** The state topics over HTTP: the same words, whole or one by one; one by one as they stand on their topics. */
export function statusRoutes(services: PanelServices): Route[] {
  const ofKind = (kind: 'lines' | 'phones' | 'trunks', what: string, schema: z.ZodType): Route[] => [
    {
      method: 'GET',
      path: `/api/${kind}`,
      summary: `Every ${what}`,
      responses: { 200: { description: `by name`, schema: z.record(z.string(), schema) } },
      handle: () => json(200, services.status()[kind]),
    },
    {
      method: 'GET',
      path: `/api/${kind}/:id`,
      summary: `One ${what}`,
      responses: {
        200: { description: what, schema: topicSchemas[`${kind}/+`] },
        404: { description: 'no such', schema: errorSchema },
      },
      handle({ params }) {
        const all = services.status()[kind];
        const id = params['id'] ?? '';
        return Object.hasOwn(all, id)
          ? json(200, { ...all[id], at: services.time() })
          : failure(404, `there is no ${what} ${id}`);
      },
    },
  ];
  return [
    {
      method: 'GET',
      path: '/api/status',
      summary: 'The whole status, as `branchline status --json` prints it',
      responses: { 200: { description: 'the status', schema: statusSchema } },
      handle: () => json(200, services.status()),
    },
    {
      method: 'GET',
      path: '/api/state',
      summary: 'That it is there, as the topic state says it',
      responses: { 200: { description: 'it is', schema: topicSchemas.state } },
      handle: () => json(200, services.presence()),
    },
    {
      method: 'GET',
      path: '/api/health',
      summary: 'How the appliance itself is',
      responses: { 200: { description: 'its health', schema: topicSchemas.health } },
      handle: () => json(200, { ...services.health(), at: services.time() }),
    },
    ...ofKind('lines', 'line', lineSchema),
    ...ofKind('phones', 'phone', phoneSchema),
    ...ofKind('trunks', 'trunk', trunkSchema),
    {
      method: 'GET',
      path: '/api/neighbours',
      summary: 'Other panels that belong to this one',
      responses: {
        200: { description: 'links', schema: z.array(z.object({ name: z.string(), url: z.string() })) },
      },
      handle: () => json(200, services.neighbours),
    },
    {
      method: 'GET',
      path: '/metrics',
      summary: 'The same numbers for Prometheus',
      responses: { 200: { description: 'text format 0.0.4', type: 'text/plain' } },
      handle: () => ({
        status: 200,
        type: 'text/plain; version=0.0.4; charset=utf-8',
        body: formatMetrics(services.status(), services.health()),
      }),
    },
    {
      method: 'GET',
      path: '/healthz',
      summary: 'Answers while the appliance serves',
      responses: { 200: { description: 'it does', schema: z.object({ status: z.literal('ok') }) } },
      handle: () => json(200, { status: 'ok' }),
    },
    callsRoute(services),
    callRoute(services),
  ];
}

function callsRoute(services: PanelServices): Route {
  return {
    method: 'GET',
    path: '/api/calls',
    summary: 'Every call that stands',
    responses: { 200: { description: 'calls', schema: z.array(callSchema) } },
    handle: () => json(200, services.status().calls),
  };
}

function callRoute(services: PanelServices): Route {
  return {
    method: 'GET',
    path: '/api/calls/:id',
    summary: 'One call',
    responses: {
      200: { description: 'the call', schema: callSchema },
      404: { description: 'no such', schema: errorSchema },
    },
    handle({ params }) {
      const found = services.status().calls.find((call) => call.id === params['id']);
      return found === undefined ? failure(404, `there is no call ${params['id']}`) : json(200, found);
    },
  };
}
