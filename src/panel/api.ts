import { adoptionRoutes } from './adoption-routes.ts';
import { callRoutes } from './call-routes.ts';
import { captureSocket } from './capture-socket.ts';
import { emulatorRoutes, emulatorSockets } from './emulator-routes.ts';
import { eventSocket } from './event-socket.ts';
import { failure, type HttpApp, type HttpResponse, json, type Route } from './http.ts';
import { describeOpenApi } from './openapi.ts';
import { refusalOf } from './same-origin.ts';
import type { PanelServices } from './services.ts';
import { statusRoutes } from './status-routes.ts';

/**
 * The HTTP interface of the appliance: status, calls, the dialplan tracer, the emulated phones, metrics, and the page.
 * `file` gives the page's files by path, `/` being the page itself.
 */
export function createApi(
  services: PanelServices,
  version: string,
  file: (path: string) => HttpResponse | undefined,
): HttpApp {
  const routes: Route[] = [
    ...statusRoutes(services),
    ...callRoutes(services),
    ...adoptionRoutes(services),
    ...emulatorRoutes(services),
  ];
  const openApi = describeOpenApi(routes, version);
  routes.push({
    method: 'GET',
    path: '/api/openapi.json',
    summary: 'This description',
    responses: { 200: { description: 'OpenAPI 3.1', type: 'application/json' } },
    handle: () => json(200, openApi),
  });
  return {
    routes,
    sockets: [eventSocket(services), captureSocket(services), ...emulatorSockets(services)],
    file,
    failure,
    refusal(headers) {
      const reason = refusalOf(headers);
      return reason === undefined ? undefined : failure(403, reason);
    },
  };
}
