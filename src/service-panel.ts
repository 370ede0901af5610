import { join } from 'node:path';
import type { Counters } from './base/counters.ts';
import type { Log } from './base/log.ts';
import type { Configuration } from './config/load.ts';
import type { BindFailure } from './io/bind-failure.ts';
import { CONTROL_SOCKET } from './io/control-client.ts';
import { HttpServer } from './io/http-server.ts';
import { loadPageFiles } from './io/page-files.ts';
import { createApi } from './panel/api.ts';
import type { PanelServices } from './panel/services.ts';
import { panelDoor } from './panel-host.ts';
import type { Happening } from './status/event.ts';

export interface ServicePanelOptions {
  /** The configuration that runs. */
  readonly configuration: () => Configuration;
  readonly dataDirectory: string;
  readonly version: string;
  /** Folder of the panel's page. */
  readonly pageDirectory: string;
  readonly counters: Counters;
  readonly log: Log;
  /** Puts an event on its way. */
  readonly tell: (happening: Happening) => void;
}

/** The HTTP server of an appliance: the panel at its address, if it has one, and the socket of the command line. */
export class ServicePanel {
  private http: HttpServer | undefined;

  constructor(private readonly options: ServicePanelOptions) {}

  /** Serves; gives why it cannot. */
  async open(services: PanelServices): Promise<BindFailure | undefined> {
    const { configuration, dataDirectory, version, pageDirectory, log } = this.options;
    const { web, site } = configuration();
    const door = panelDoor(
      () => configuration().web,
      dataDirectory,
      site.id,
      log,
      (what, from, username) => this.tellLogin(what, from, username),
    );
    if (door !== undefined && 'failed' in door) return { failed: 'other', reason: door.failed };
    const app = createApi(services, version, loadPageFiles(pageDirectory), door);
    this.http = await HttpServer.create(app, log);
    const failure = await this.http.listenUnix(join(dataDirectory, CONTROL_SOCKET));
    if (failure !== undefined || web === undefined) return failure;
    return this.http.listenTcp({ ip: web.listen.ip, port: web.listen.port }, door?.tls);
  }

  /** Shuts out those whom the configuration lets in no longer. */
  dismiss(): void {
    this.http?.dismiss();
  }

  async close(): Promise<void> {
    await this.http?.close();
  }

  private tellLogin(what: string, from: string, username: string): void {
    const { counters, log, tell } = this.options;
    const message =
      what === 'panel-locked-out'
        ? `${from} gave too many wrong passwords of the panel and is not heard for ten minutes.`
        : `${from} gave a wrong name or password of the panel.`;
    counters.increment(`http.${what}`);
    log('warn', 'http', message, { from, username });
    tell({ kind: 'security', what, severity: 'warn', message, details: { from, username } });
  }
}
