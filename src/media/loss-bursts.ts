/** Fewer packets than this between two losses, and both belong to one burst. [RFC3611 §4.7.2] */
export const GMIN = 16;

/** How a stream's losses lie: in bursts, in which listeners hear them, and in gaps between, where they are rare. */
export interface LossPattern {
  /** Shares of packets lost, 0…1. */
  readonly burstDensity: number;
  readonly gapDensity: number;
  /** Mean lengths, in packets. */
  readonly burstPackets: number;
  readonly gapPackets: number;
}

/** Told of each packet in turn whether it came, tells bursts from gaps. [RFC3611 §4.7.2] */
export class LossBursts {
  private bursts = 0;
  private burstPackets = 0;
  private burstLost = 0;
  private gapPackets = 0;
  private gapLost = 0;
  /** Losses that are near one another: a burst if there is more than one. */
  private clusterPackets = 0;
  private clusterLost = 0;
  /** Packets that came since the last loss. */
  private sinceLoss = 0;
  private readonly told = { burstDensity: 0, gapDensity: 0, burstPackets: 0, gapPackets: 0 };

  note(arrived: boolean): void {
    if (arrived) {
      this.sinceLoss++;
      return;
    }
    if (this.clusterLost > 0 && this.sinceLoss < GMIN) this.clusterPackets += this.sinceLoss + 1;
    else {
      this.closeCluster();
      this.gapPackets += this.sinceLoss;
      this.clusterPackets = 1;
    }
    this.clusterLost++;
    this.sinceLoss = 0;
  }

  /** As it stands, were nothing to come any more; in an object that is written again the next time. */
  get pattern(): LossPattern {
    const isBurst = this.clusterLost > 1;
    const bursts = this.bursts + (isBurst ? 1 : 0);
    const burstPackets = this.burstPackets + (isBurst ? this.clusterPackets : 0);
    const burstLost = this.burstLost + (isBurst ? this.clusterLost : 0);
    const gapPackets = this.gapPackets + this.sinceLoss + (isBurst ? 0 : this.clusterPackets);
    const gapLost = this.gapLost + (isBurst ? 0 : this.clusterLost);
    const { told } = this;
    told.burstDensity = burstLost / Math.max(1, burstPackets);
    told.gapDensity = gapLost / Math.max(1, gapPackets);
    told.burstPackets = burstPackets / Math.max(1, bursts);
    // One gap to a burst, as appendix A.2 counts them.
    told.gapPackets = gapPackets / Math.max(1, bursts);
    return told;
  }

  private closeCluster(): void {
    if (this.clusterLost > 1) {
      this.bursts++;
      this.burstPackets += this.clusterPackets;
      this.burstLost += this.clusterLost;
    } else {
      this.gapPackets += this.clusterPackets;
      this.gapLost += this.clusterLost;
    }
    this.clusterLost = 0;
  }
}
