import { z } from 'zod';
import { enrolmentInformationSchema } from '../config/enrolment.ts';
import { emulatorRoutes } from './emulator-routes.ts';
import { failure, type HttpApp, type HttpResponse, json, type Route } from './http.ts';
import { firstProblem } from './request-body.ts';
import { refusalOf } from './same-origin.ts';
import type { PanelServices } from './services.ts';
import { errorSchema } from './status-routes.ts';

export const enrolmentStatusSchema = z
  .object({
    state: z.enum(['no-code', 'waiting-for-offer', 'asking', 'taking', 'enrolled', 'refused']),
    reason: z.string().nullable().describe('why it does not go on, in one sentence'),
    broker: z.string().nullable().describe('where head office is asked; null until somebody says'),
    publicKey: z.boolean().describe('whether the key of head office is known'),
  })
  .meta({ id: 'Enrolment' });

export type EnrolmentStatus = z.infer<typeof enrolmentStatusSchema>;

/** What a person may say of it on the panel: all but the HAT. */
export const enrolmentFormSchema = enrolmentInformationSchema.omit({ hat: true }).meta({ id: 'EnrolmentForm' });

export type EnrolmentForm = z.infer<typeof enrolmentFormSchema>;

export interface EnrolmentServices extends Pick<PanelServices, 'emulator'> {
  status(): EnrolmentStatus;
  /** Goes on with what was given; gives why not. */
  give(form: EnrolmentForm): string | undefined;
}

/** The HTTP interface of a box that has no configuration yet. */
export function createEnrolmentApi(
  services: EnrolmentServices,
  file: (path: string) => HttpResponse | undefined,
): HttpApp {
  const status = { description: 'how it stands', schema: enrolmentStatusSchema };
  const routes: Route[] = [
    {
      method: 'GET',
      path: '/api/enrolment',
      summary: 'Where the enrolment stands',
      responses: { 200: status },
      handle: () => json(200, services.status()),
    },
    {
      method: 'POST',
      path: '/api/enrolment',
      summary: 'Gives the code, and what is not known yet',
      body: enrolmentFormSchema,
      responses: { 200: status, 400: { description: 'it does not do', schema: errorSchema } },
      handle({ body }) {
        const parsed = enrolmentFormSchema.safeParse(body);
        if (!parsed.success) return failure(400, firstProblem(parsed.error));
        const fault = services.give(parsed.data);
        return fault === undefined ? json(200, services.status()) : failure(400, fault);
      },
    },
    {
      method: 'GET',
      path: '/healthz',
      summary: 'Answers while the box runs',
      responses: { 200: { description: 'it does', schema: z.object({ status: z.literal('ok') }) } },
      handle: () => json(200, { status: 'ok' }),
    },
    ...emulatorRoutes(services),
  ];
  return {
    routes,
    sockets: [],
    file,
    failure,
    refusal({ headers }) {
      const reason = refusalOf(headers);
      return reason === undefined ? undefined : failure(403, reason);
    },
    admission: () => () => true,
  };
}
