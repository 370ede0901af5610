import { SeededRandom } from '../../src/base/random.ts';
import { systemClock } from '../../src/io/clock.ts';
import { Driver } from '../../src/io/driver.ts';
import { BrokerLink, type BrokerLinkOptions, type MqttVersion } from '../../src/io/mqtt.ts';
import { StatusFeed } from '../../src/status/feed.ts';
import { StatusPublisher } from '../../src/status/publisher.ts';
import { takeSnapshot } from '../../src/status/snapshot.ts';
import { WallTime } from '../../src/status/wall-time.ts';
import { type Readings, sourceOf } from '../unit/status/readings.ts';

/** The waits of a link made 20 times shorter, so that tests see its retries. */
const hurried = { ...systemClock, after: (ms: number, task: () => void) => systemClock.after(ms / 20, task) };

/** A publisher of `readings` on a real link, as the composition root joins them. */
export function publishTo(
  url: string,
  readings: Readings,
  options: Partial<BrokerLinkOptions> & { readonly site?: string } = {},
) {
  const source = sourceOf(readings);
  const time = new WallTime();
  const log: string[] = [];
  const feed = new StatusFeed(
    {
      snapshot: () => takeSnapshot(source, time, { nowMs: hurried.nowMs(), wallMs: hurried.wallMs() }),
      health: () => ({ version: '1.0.0', uptimeMs: 0, cpuPct: 1, memoryMb: 80, temperatureC: null, hat: null }),
      wallMs: hurried.wallMs,
    },
    hurried.nowMs(),
  );
  const site = options.site ?? 'lyon-01';
  const publisher = new StatusPublisher(site, () => feed.current(), hurried.wallMs);
  const driver = new Driver(feed, hurried, (change) => publisher.handleChange(change));
  const look = () => driver.give((nowMs) => feed.noteChange(nowMs));
  driver.give((nowMs) => feed.handleTimeout(nowMs));
  const versions = new Map<string, MqttVersion>();
  const link = new BrokerLink({
    url,
    clientId: site,
    will: (session) => publisher.will(session),
    onConnected: (connection, session) => publisher.handleConnected(connection, session),
    onDisconnected: () => publisher.handleDisconnected(),
    onMessage: (topic, payload, retained) => publisher.handleMessage(topic, payload, retained),
    onStatus: () => {},
    versions,
    clock: hurried,
    random: new SeededRandom(1),
    log: (level, part, message, fields) => log.push(JSON.stringify({ level, part, message, ...fields })),
    ...options,
  });
  const stop = () => {
    driver.stop();
    return link.stop(publisher.farewell());
  };
  return { link, versions, log, look, stop };
}
