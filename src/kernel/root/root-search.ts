import { hex, physicalAddress, type PhysicalAddress } from '../../address.js';
import { isMissing } from '../../errors.js';
import type { Paging } from '../../memory/paging/paging.js';
import type { PhysicalMemory } from '../../memory/physical-memory.js';
import type { FoundKernel, Rejection } from './kernel.js';
import {
  containerRoots,
  lowStubRoots,
  SEARCHED_AT_LEAST,
  SELF_REFERENCE_REACH,
  selfReferringRoots,
  type RootCandidate,
} from './page-table-root.js';
import { proveRoot } from './prove-root.js';

/** Memory searched for another system's root, though a witness has named one: roots are made early and lie low. */
const SEARCHED_BESIDE_WITNESS = SEARCHED_AT_LEAST;
/** Memory searched for another root beyond one that only refers to itself. */
const SEARCHED_BEYOND = SEARCHED_AT_LEAST;

/** Self-referencing pages tried before giving up: a busy server has several thousand processes. */
const MAX_ROOTS = 4096;
/** Pages looked at behind all roots, in search of kernel images. */
const MAX_LOOKS = 1 << 22;
/** Rejections kept; how many candidates there were, the error says. */
const MAX_REJECTIONS = 64;

/** Tries candidates, and keeps one root of each system that proves. */
export class RootSearch {
  readonly systems: FoundKernel[] = [];
  readonly rejected: Rejection[] = [];
  private readonly known = new Set<PhysicalAddress>();
  /** The first root that proved. */
  private first = 0;
  private readonly looks = { pages: MAX_LOOKS };

  constructor(
    private readonly memory: PhysicalMemory,
    private readonly pagings: readonly Paging[],
    /** The first address at which roots are not searched for any more. */
    private readonly reach = SELF_REFERENCE_REACH,
  ) {}

  /** Number of candidates tried. */
  get tried(): number {
    return this.known.size;
  }

  /** Tries one that was named. */
  async named(address: PhysicalAddress): Promise<void> {
    await this.all([{ address, from: '--root', pagings: this.pagings, kernelEntry: null }]);
  }

  /** Tries those that are seen in a time that does not grow with the memory: what the container names, else the others. */
  async near(): Promise<void> {
    const { memory, pagings, systems } = this;
    await this.all(containerRoots(memory, pagings), () => systems.length > 0);
    if (systems.length > 0) return;
    const besideWitness = (memory.image.runs.at(0)?.start ?? 0) + SEARCHED_BESIDE_WITNESS;
    // All of it is searched, whatever is found.
    await memory.prefetch([{ address: physicalAddress(0), length: besideWitness }]);
    await this.all(lowStubRoots(memory, pagings));
    const hasWitness = systems.length > 0;
    const limit = () => (systems.length === 0 ? this.reach : this.first + SEARCHED_BEYOND);
    await this.all(selfReferringRoots(memory, pagings, hasWitness ? () => besideWitness : limit));
  }

  /** Tries all that lie where roots may lie. */
  async wide(): Promise<void> {
    const { memory, pagings } = this;
    await this.all(lowStubRoots(memory, pagings));
    await this.all(selfReferringRoots(memory, pagings, () => SELF_REFERENCE_REACH));
  }

  /** @param isEnough whether to stop before a candidate */
  private async all(
    candidates: AsyncIterable<RootCandidate> | Iterable<RootCandidate>,
    isEnough: () => boolean = () => false,
  ): Promise<void> {
    for await (const candidate of candidates) {
      if (this.known.has(candidate.address)) continue;
      if (this.known.size >= MAX_ROOTS || isEnough()) return;
      this.known.add(candidate.address);
      await this.prove(candidate);
    }
  }

  private async prove(candidate: RootCandidate): Promise<void> {
    const proved = await proveRoot(this.memory, candidate, this.systems, this.looks);
    if (proved === 'known') return;
    if (!isMissing(proved)) {
      if (this.systems.length === 0) this.first = candidate.address;
      this.systems.push(proved);
      return;
    }
    if (this.rejected.length >= MAX_REJECTIONS) return;
    const { address, from } = candidate;
    this.rejected.push({ what: 'page-table-root', address: hex(address), from, reason: proved.missing });
  }
}
