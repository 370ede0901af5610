import { isCarriedCodec, type VoiceFormat } from '../base/media-port.ts';
import type { CodecName } from './codec.ts';

/**
 * In which codec the voice of a session is to go: in G.711, or in one that can only be carried, if the other party of the
 * call has it, too. Whoever is called is offered what the caller has; the caller is answered in what the called party has
 * agreed to. What far ends name is told here; what to write follows from it.
 */
export class VoiceChoice {
  /** What can only be carried of what the far end has named last, in its order; undefined before it has named anything. */
  private theirs: readonly VoiceFormat[] | undefined;
  /** Of the other party: what a first offer has beside G.711. */
  private others: readonly VoiceFormat[] = [];
  /** What is carried, as the other party describes it: so it is written to this far end. */
  private wanted: VoiceFormat | undefined;
  /** What was wanted when our last offer was made, and what that offer had. */
  private offeredFor: VoiceFormat | undefined;
  private offered: readonly CodecName[];
  /** The far end can be talked to in G.711, as far as is known. */
  private hasG711 = true;

  /** `local`: what the far end may have, in our order of preference. */
  constructor(private readonly local: readonly CodecName[]) {
    this.offered = local;
  }

  /** What the far end has beside G.711. */
  get formats(): readonly VoiceFormat[] {
    return this.theirs ?? [];
  }

  /** What the voice is carried in, or is to be as soon as the far end agrees; undefined: G.711. */
  get carried(): VoiceFormat | undefined {
    const { wanted } = this;
    return wanted === undefined ? undefined : (this.named(wanted.codec) ?? { codec: wanted.codec });
  }

  /** The one that it has, where it has no G.711. */
  get only(): VoiceFormat | undefined {
    return this.hasG711 ? undefined : (this.carried ?? this.formats[0]);
  }

  /** The call that is placed is one of a party that has these; `bound`: and no G.711. */
  offerFor(others: readonly VoiceFormat[], bound: boolean): void {
    this.others = others;
    this.hasG711 = !bound;
  }

  /** The other party is talked to in that from now on; undefined, or what this far end has not: in G.711. */
  carry(format: VoiceFormat | undefined): void {
    if (!this.hasG711) return;
    const isPossible = (codec: CodecName) =>
      this.theirs === undefined ? this.local.includes(codec) : this.named(codec) !== undefined;
    this.wanted = format !== undefined && isPossible(format.codec) ? format : undefined;
  }

  /** What is written of a codec in the description of ours that has it. */
  parametersOf(codec: CodecName): string | undefined {
    const said = [this.wanted, ...this.others].find((one) => one?.codec === codec);
    return said === undefined ? this.named(codec)?.parameters : said.parameters;
  }

  private named(codec: CodecName): VoiceFormat | undefined {
    return this.formats.find((one) => one.codec === codec);
  }

  /** Whether what was agreed on is not what is wanted. */
  isOutdated(agreed: CodecName): boolean {
    return (isCarriedCodec(agreed) ? agreed : undefined) !== this.wanted?.codec;
  }

  /** What an offer of ours has; `isFirst`: nothing was agreed on before. */
  makeOffer(isFirst: boolean): readonly CodecName[] {
    const { wanted, others, hasG711 } = this;
    this.offeredFor = wanted;
    const laws: readonly CodecName[] = hasG711 ? this.local.filter((codec) => !isCarriedCodec(codec)) : [];
    if (wanted !== undefined) this.offered = [wanted.codec, ...laws];
    else if (!isFirst) this.offered = laws;
    else this.offered = this.local.filter((codec) => laws.includes(codec) || others.some((one) => one.codec === codec));
    return this.offered;
  }

  /** Which of `theirs` an answer of theirs means; undefined: none that was offered. */
  readAnswer(theirs: readonly CodecName[]): CodecName | undefined {
    return theirs.find((codec) => this.offered.includes(codec));
  }

  /** Their answer stands. It says nothing of what was not offered. */
  noteAnswer(theirs: readonly VoiceFormat[], agreed: CodecName): void {
    const before = this.formats.filter(({ codec }) => !this.offered.includes(codec));
    this.theirs = [...theirs, ...before];
    if (this.wanted === this.offeredFor) this.settleOn(agreed);
  }

  /**
   * What of an offer of theirs to answer with. What can only be carried is answered with where it is wanted, or where a
   * first offer has nothing else; undefined: with nothing.
   */
  chooseOf(theirs: readonly CodecName[], isFirst: boolean): CodecName | undefined {
    const known = theirs.filter((codec) => this.local.includes(codec));
    if (this.wanted !== undefined && known.includes(this.wanted.codec)) return this.wanted.codec;
    return known.find((codec) => !isCarriedCodec(codec)) ?? (isFirst ? known[0] : undefined);
  }

  /** They have offered these. Who once named G.711 has it: later offers may name no more than what is agreed on. */
  noteOffer(theirs: readonly CodecName[], formats: readonly VoiceFormat[], isFirst: boolean): void {
    this.theirs = formats.filter(({ codec }) => this.local.includes(codec));
    if (theirs.some((codec) => !isCarriedCodec(codec) && this.local.includes(codec))) this.hasG711 = true;
    else if (isFirst) this.hasG711 = false;
  }

  /** Our answer to that has gone out. */
  noteAnswered(agreed: CodecName): void {
    this.settleOn(agreed);
  }

  /** Another offer of ours was refused: what was agreed on goes on. True if it is not what was wanted. */
  giveUp(agreed: CodecName): boolean {
    if (!this.isOutdated(agreed)) return false;
    this.settleOn(agreed);
    if (this.wanted === undefined) this.theirs = [];
    else this.hasG711 = false;
    return true;
  }

  private settleOn(agreed: CodecName): void {
    if (this.wanted?.codec === agreed) return;
    const parameters = this.parametersOf(agreed);
    const isPlain = parameters === undefined;
    if (isCarriedCodec(agreed)) this.wanted = isPlain ? { codec: agreed } : { codec: agreed, parameters };
    else this.wanted = undefined;
  }
}
