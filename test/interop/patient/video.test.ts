import { createSocket, type Socket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatOf } from '../../../src/iax2/media-format.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { Driver } from '../../../src/io/driver.ts';
import type { Appliance } from '../../support/appliance.ts';
import { BRANCH, startBranch } from '../../support/branch-office.ts';
import { peer } from '../../support/iax2-world.ts';
import { pictures, type VideoPacket, VideoStation } from '../../support/video-station.ts';
import { pause, waitUntil } from '../../support/wait-until.ts';

const STATION = '127.0.0.1';
const SECRET = 'secret-of-the-camera';

/** A station with camera and screen on a real socket. */
class RealStation {
  readonly station: VideoStation;
  private readonly driver: Driver<ReturnType<VideoStation['poll']> & {}>;

  private constructor(private readonly socket: Socket) {
    const hub = peer({ name: 'branch', host: BRANCH, username: 'camera', secrets: [SECRET], codecs: ['ulaw', 'h264'] });
    this.station = new VideoStation({ peers: [hub], seed: 1, format: formatOf('h264') });
    this.driver = new Driver(this.station, systemClock, ({ to, bytes }) => this.socket.send(bytes, to.port, to.ip));
    socket.on('message', (bytes, from) =>
      this.driver.give((nowMs) =>
        this.station.handleDatagram(new Uint8Array(bytes), { ip: from.address, port: from.port }, nowMs),
      ),
    );
    this.driver.give((nowMs) => this.station.endpoint.start(nowMs));
  }

  static async start(): Promise<RealStation> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind({ address: STATION, port: 0 }, resolve));
    return new RealStation(socket);
  }

  async dial(number: string): Promise<ReturnType<VideoStation['dial']>> {
    this.station.seen.length = 0;
    const call = this.driver.give((nowMs) => {
      const placed = this.station.dial('branch', number, nowMs);
      this.station.settle(nowMs);
      return placed;
    });
    await waitUntil('the call to be up', 8_000, () => call.state === 'up' || call.state === 'gone');
    return call;
  }

  async shoot(packets: readonly VideoPacket[]): Promise<void> {
    let shown = 0;
    for (const packet of packets) {
      if (packet.timestamp > shown) await pause(packet.timestamp - shown);
      shown = packet.timestamp;
      this.driver.give((nowMs) => {
        this.station.shoot(packet, nowMs);
        this.station.settle(nowMs);
      });
    }
  }

  hangUp(call: ReturnType<VideoStation['dial']>): void {
    this.driver.give((nowMs) => {
      call.hangup('normal-clearing', nowMs);
      this.station.settle(nowMs);
    });
  }

  close(): void {
    this.driver.stop();
    this.socket.close();
  }
}

const bytesOf = (packets: readonly VideoPacket[]) =>
  packets.map(({ marker, payload }) => `${marker ? 'ends ' : ''}${Buffer.from(payload).toString('base64')}`);

describe('video over real sockets', () => {
  let office: Appliance;
  let station: RealStation;

  beforeAll(async () => {
    office = await startBranch({
      peers: `    camera: { type: user, host: dynamic, secret: ${SECRET}, context: from-camera, codecs: [ulaw, h264] }`,
      dialplan: `[from-camera]
exten => 610,1,Answer
exten => 610,2,Echo
`,
    });
    station = await RealStation.start();
  });

  afterAll(async () => {
    station?.close();
    await office?.dispose();
  });

  it('passes through the appliance and back, packet for packet and byte for byte, with its marks', async () => {
    const call = await station.dial('610');
    expect(call.state).toBe('up');
    const film = pictures(50);
    await station.shoot(film);
    await waitUntil('the last picture', 10_000, () => station.station.seen.length >= film.length);
    station.hangUp(call);
    expect(bytesOf(station.station.seen)).toEqual(bytesOf(film));
  });
});
