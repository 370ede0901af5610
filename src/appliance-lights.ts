import { LEDS, type Light } from '../firmware-bridge/hat-client.ts';
import type { LineView } from './appliance-lines.ts';
import type { BoxFacts, BoxPanel } from './appliance-panel.ts';
import { EMERGENCY_LIGHT, FAULT_LIGHT, lightOf } from './legs/line-light.ts';

/** The LEDs beside the lines, and what the HAT was told to show on them. */
export class LineLights {
  private readonly shown = new Map<number, Light>();

  constructor(private readonly panel: BoxPanel) {}

  /** The HAT has forgotten everything. */
  clear(): void {
    this.shown.clear();
  }

  /** What the HAT does not show yet. A branch is alone when none of the centres it registers with has it. */
  changes(lines: ReadonlyMap<number, LineView>, facts: BoxFacts, isEmergency: boolean): [led: number, light: Light][] {
    const isAlone = facts.isCentreReached === false;
    const changes: [number, Light][] = [];
    for (let port = 1; port <= LEDS; port++) {
      const line = lines.get(port)?.status;
      const plain = line?.fault === undefined ? lightOf(line?.state ?? 'out-of-service', isAlone) : FAULT_LIGHT;
      const light = isEmergency && line !== undefined ? EMERGENCY_LIGHT : (this.panel.light(port, facts) ?? plain);
      if (this.shown.get(port) === light) continue;
      this.shown.set(port, light);
      changes.push([port, light]);
    }
    return changes;
  }
}
