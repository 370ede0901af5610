import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Asterisk's manager interface, as far as placing many calls at once needs it. */
export class ManagerInterface {
  private buffer = '';
  private nextId = 1;
  private readonly waiting = new Map<string, (answered: boolean) => void>();

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.buffer += text;
      for (let end = this.buffer.indexOf('\r\n\r\n'); end >= 0; end = this.buffer.indexOf('\r\n\r\n')) {
        this.handle(this.buffer.slice(0, end));
        this.buffer = this.buffer.slice(end + 4);
      }
    });
  }

  static async connect(host: string, user: string, secret: string): Promise<ManagerInterface> {
    const socket = connect(5038, host);
    await once(socket, 'connect');
    const manager = new ManagerInterface(socket);
    manager.send({ Action: 'Login', Username: user, Secret: secret });
    return manager;
  }

  /** Calls `channel` and runs an application on it once it is answered. Gives whether it was. */
  originate(channel: string, application: string, data: string): Promise<boolean> {
    const id = `bench-${this.nextId++}`;
    const result = new Promise<boolean>((resolve) => this.waiting.set(id, resolve));
    this.send({
      ActionID: id,
      Action: 'Originate',
      Channel: channel,
      Application: application,
      Data: data,
      Timeout: '10000',
      Async: 'true',
    });
    return result;
  }

  close(): void {
    this.socket.destroy();
  }

  private send(fields: Readonly<Record<string, string>>): void {
    this.socket.write(
      `${Object.entries(fields)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')}\r\n`,
    );
  }

  private handle(message: string): void {
    if (!/^Event: OriginateResponse$/m.test(message)) return;
    const id = /^ActionID: (.*)$/m.exec(message)?.[1]?.trim() ?? '';
    this.waiting.get(id)?.(/^Response: Success/m.test(message));
    this.waiting.delete(id);
  }
}
