import { adoptionRoutes } from './adoption-routes.ts';
import { callRoutes } from './call-routes.ts';
import { captureSocket } from './capture-socket.ts';
import { configurationRoutes } from './configuration-routes.ts';
import { emulatorRoutes, emulatorSockets } from './emulator-routes.ts';
import { eventSocket } from './event-socket.ts';
import { failure, type HttpApp, type HttpResponse, json, type Route } from './http.ts';
import { logRoutes, logSocket } from './log-routes.ts';
import type { Login } from './login.ts';
import { describeOpenApi } from './openapi.ts';
import { refusalOf } from './same-origin.ts';
import type { PanelServices } from './services.ts';
import { statusRoutes } from './status-routes.ts';

/** How the interface is served over TCP. */
export interface Door {
  readonly login: Login | undefined;
  /** Undefined for plain HTTP. */
  readonly tls: object | undefined;
}

/**
 * The HTTP interface of the appliance: status, calls, the dialplan tracer, the emulated phones, metrics, and the page.
 * `file` gives the page's files by path, `/` being the page itself. Without a login whoever reaches it may do everything.
 */
export function createApi(
  services: PanelServices,
  version: string,
  file: (path: string) => HttpResponse | undefined,
  door: Door = { login: undefined, tls: undefined },
): HttpApp {
  const { login, tls } = door;
  const scheme = tls === undefined ? 'http' : 'https';
  const routes: Route[] = [
    ...statusRoutes(services),
    ...callRoutes(services),
    ...adoptionRoutes(services),
    ...configurationRoutes(services, (visitor) => login?.nameOf(visitor)),
    ...logRoutes(services),
    ...emulatorRoutes(services),
    ...(login?.routes() ?? []),
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
    sockets: [eventSocket(services), logSocket(services), captureSocket(services), ...emulatorSockets(services)],
    file,
    failure,
    refusal(visitor) {
      const reason = refusalOf(visitor.headers, { scheme, isOpen: login?.isOpen ?? true });
      return reason === undefined ? login?.admit(visitor) : failure(403, reason);
    },
    admission: (visitor) => login?.admission(visitor) ?? (() => true),
  };
}
