// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises';
import { createLogger, messageOf } from '@undermesh/core';
import {
  type ClusterConnection,
  PATIENCE,
  type Patience,
  type Reflector,
  Shelf,
} from '@undermesh/mesh/cluster';
import { CollectorError } from '../../errors.js';
import type { Break } from '../chain-file.js';
import { chain, GENESIS, readChain } from '../hash-chain.js';
import {
  type Chunk,
  CONTROL_LABEL,
  chunkName,
  fits,
  readChunk,
  splitIntoChunks,
  writeAside,
  writeChunk,
} from './chunk.js';
import { ControlLease, LEASE_TIMES, type LeaseTimes } from './lease.js';
import { Objects } from './objects.js';

const log = createLogger('control');

export interface SharedLogOptions {
  readonly connection: ClusterConnection;
  readonly namespace: string;
  /** Of the Lease; ConfigMaps are called so too, with a number behind. */
  readonly name: string;
  readonly identity: string;
  readonly times?: Partial<LeaseTimes>;
  readonly patience?: Partial<Patience>;
}

/** Who hears of lines. They are verified, in order, and each is told once unless they are told anew. */
export interface SharedLogReader {
  /** These are all there are. */
  replaced(values: readonly unknown[]): void;
  appended(values: readonly unknown[]): void;
  /** Makes the line with which the log goes on behind a place where it was broken. */
  broken(problem: Break): object;
}

/** Lines that verify. */
interface Lines {
  readonly values: readonly unknown[];
  readonly hashes: readonly string[];
  /** With its line feed each. */
  readonly texts: readonly string[];
}

const NONE: Lines = { values: [], hashes: [], texts: [] };

/**
 * A hash chain in ConfigMaps of a cluster, for several collectors: each follows it, one at a time writes it, whoever holds
 * the Lease. Every write names the version that it replaces, so that a collector that has lost the Lease and does not know
 * yet cannot write either. What somebody else changes is refused, told, and put back as it was.
 */
export class SharedLog {
  readonly lease: ControlLease;
  readonly #options: SharedLogOptions;
  readonly #objects: Objects;
  readonly #stored: Shelf<Chunk & { readonly version: string }>;
  readonly #reflector: Reflector;
  #reader: SharedLogReader = { replaced: () => {}, appended: () => {}, broken: () => ({}) };
  /** `null`: nothing was read yet. */
  #lines: Lines | null = null;
  /** The term of the lease in which all that others wrote was read. */
  #readInTerm = -1;
  #reading: Promise<void> | null = null;
  #problem: string | null = null;
  #isSettling = false;
  #isRewriting = false;
  #isClosed = false;

  constructor(options: SharedLogOptions) {
    this.#options = options;
    const { connection, namespace, name } = options;
    const patience = { ...PATIENCE, ...options.patience };
    this.lease = new ControlLease({
      ...options,
      patience,
      times: { ...LEASE_TIMES, ...options.times },
      head: () => this.#head,
      log,
    });
    this.#objects = new Objects(connection, {
      objectKind: 'ConfigMap',
      apiVersions: ['v1'],
      plural: 'configmaps',
      namespace,
    });
    this.#stored = new Shelf(
      (value) => ({ ...readChunk(value), version: versionOf(value) }),
      () => this.#review(),
    );
    this.#reflector = this.#objects.follow({
      query: { labelSelector: `${CONTROL_LABEL}=${name}` },
      sink: this.#stored,
      patience,
      log,
    });
  }

  /** Whether it has been read. */
  get ready(): boolean {
    return this.#lines !== null;
  }

  /** What is wrong with what is stored, until it is put right. */
  get problem(): string | null {
    return this.#problem;
  }

  /**
   * Begins to follow it. Resolves when it has been read, or could not be within that time: then it is as soon as the
   * API server answers.
   */
  async open(reader: SharedLogReader, withinMs: number): Promise<void> {
    this.#reader = reader;
    this.lease.start();
    this.#reflector.start();
    const endMs = performance.now() + withinMs;
    while (!(this.#reflector.synced && this.lease.known) && performance.now() < endMs) await pause(10);
    // That nothing is stored is told of by nobody.
    if (this.#reflector.synced) this.#review();
    void this.#settle();
    if (!this.ready) log.warn('the change log of the cluster has not been read yet: nothing can be ordered');
  }

  /** Lets go of the Lease. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.lease.stop();
    await this.#reflector.stop();
  }

  /**
   * Does something while nobody else writes, and all that others wrote has been told of. Throws CollectorError
   * `control_held`, `control_unavailable`, or what `work` throws.
   */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.lease.use(async () => {
      if (this.#readInTerm !== this.lease.term || this.#problem !== null) {
        try {
          await this.#readNow();
        } catch (error) {
          throw new CollectorError(
            'control_unavailable',
            `The change log of the cluster cannot be read (${messageOf(error)}).`,
            error,
          );
        }
      }
      return work();
    });
  }

  /**
   * Writes lines behind the last one, within {@link exclusively}, one call at a time. Resolves when they are stored and
   * have been told of. When it rejects, none of them is, as far as the API server could be asked.
   */
  async append(values: readonly object[]): Promise<void> {
    if (values.length === 0) return;
    if (this.#lines === null || !this.lease.isHeld) throw lost(null);
    let last = this.#lines.hashes.at(-1) ?? GENESIS;
    let text = '';
    for (const value of values) {
      const link = chain(last, value);
      last = link.hash;
      text += `${link.line}\n`;
    }
    try {
      await this.#write(text);
    } catch (error) {
      // Nobody knows whether it was stored: what is there says so.
      this.#readInTerm = -1;
      await this.#readNow().catch(() => {});
      if (!this.#lines.hashes.includes(last)) throw lost(error);
    }
    if (!this.#lines.hashes.includes(last)) throw lost(null);
  }

  get #head(): string {
    const { hashes } = this.#lines ?? NONE;
    return hashes.length === 0 ? '' : `${hashes.at(-1)} ${hashes.length}`;
  }

  get #chunks(): readonly (Chunk & { readonly version: string })[] {
    return [...this.#stored.items()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  async #write(text: string): Promise<void> {
    const { name } = this.#options;
    const chunks = this.#chunks;
    const last = chunks.at(-1);
    if (last !== undefined && !last.sealed && fits(last.text, text)) {
      await this.#store({ ...last, text: last.text + text }, last.version);
      return;
    }
    // Closed before the next one is begun: nobody with an older view of it can write behind it any more.
    if (last !== undefined && !last.sealed) await this.#store({ ...last, sealed: true }, last.version);
    if (!this.lease.isHeld) throw lost(null);
    await this.#store({ name: chunkName(name, chunks.length + 1), text, sealed: false });
  }

  async #store(chunk: Chunk, version?: string): Promise<void> {
    const { namespace, name: control } = this.#options;
    const object = writeChunk(chunk, { namespace, control, ...(version === undefined ? {} : { version }) });
    const stored = version === undefined ? this.#objects.create(object) : this.#objects.replace(object);
    this.#stored.put(await stored);
  }

  /** {@link #read}, for all who need it at the same time. */
  #readNow(): Promise<void> {
    const { term } = this.lease;
    this.#reading ??= this.#read()
      .then(() => {
        this.#readInTerm = term;
      })
      .finally(() => {
        this.#reading = null;
      });
    return this.#reading;
  }

  /** Reads what is stored at this moment; within {@link exclusively}, what is not as it was is put right as well. */
  async #read(): Promise<void> {
    this.#stored.replace(await this.#objects.list(`${CONTROL_LABEL}=${this.#options.name}`));
    this.#review();
    if (this.#problem !== null) await this.#mend();
  }

  /** Takes in what is stored, as far as it follows from what is known. */
  #review(): void {
    // Only the Lease says whether lines are missing at the end.
    if (this.#isRewriting || (this.#lines === null && !this.lease.known)) return;
    const text = this.#chunks.map((chunk) => chunk.text).join('');
    const known = this.#lines?.texts.join('') ?? '';
    if (this.#lines !== null && text === known) {
      this.#problem = null;
      return;
    }
    const isMore = this.#lines !== null && text.startsWith(known);
    const before = isMore ? (this.#lines ?? NONE) : NONE;
    const found = linesOf(isMore ? text.slice(known.length) : text, before.hashes.at(-1));
    const problem = found.problem ?? (this.#lines === null ? this.#shortOf(found.lines) : null);
    if (isMore && problem === null) {
      this.#lines = joined(before, found.lines);
      this.#problem = null;
      this.#reader.appended(found.lines.values);
    } else if (problem === null && (this.#lines === null || this.#wasBroken(found.lines))) {
      this.#lines = found.lines;
      this.#problem = null;
      this.#reader.replaced(found.lines.values);
    } else this.#refuse(problem ?? 'Lines that were there are missing or others.');
  }

  #refuse(problem: string): void {
    if (this.#problem === problem) return;
    this.#problem = problem;
    log.error(
      { problem, name: this.#options.name, namespace: this.#options.namespace },
      'the change log in the cluster was changed by somebody else: that is refused',
    );
    void this.#settle();
  }

  /** Lines that are missing at the end, by what the Lease says of it. */
  #shortOf({ hashes }: Lines): string | null {
    const [, hash] = /^([0-9a-f]{64}) \d+$/.exec(this.lease.head ?? '') ?? [];
    if (hash === undefined || hashes.includes(hash)) return null;
    return `Lines are missing behind line ${hashes.length}.`;
  }

  /** Another collector found it broken, and goes on from there. */
  #wasBroken({ values, hashes }: Lines): boolean {
    const known = this.#lines?.hashes ?? [];
    const at = hashes.findIndex((hash, i) => hash !== known[i]);
    return at >= 0 && (values[at] as { readonly kind?: unknown }).kind === 'log_broken';
  }

  /** Has the Lease for a moment, to read what is stored and put it right; until that succeeds. */
  async #settle(): Promise<void> {
    if (this.#isSettling) return;
    this.#isSettling = true;
    try {
      while (!this.#isClosed && (this.#lines === null || this.#problem !== null)) {
        try {
          this.#readInTerm = -1;
          await this.exclusively(async () => {});
        } catch (error) {
          log.warn(
            { err: error },
            'the change log of the cluster could not be read or put right: it is tried again',
          );
          await pause(this.#options.times?.renewMs ?? LEASE_TIMES.renewMs, undefined, { ref: false });
        }
      }
    } finally {
      this.#isSettling = false;
    }
  }

  /** What is known is stored again; without anything known, what verifies, and a line that says what was wrong. */
  async #mend(): Promise<void> {
    const { namespace, name } = this.#options;
    const chunks = this.#chunks;
    const problem = this.#problem ?? '';
    for (const chunk of chunks) await this.#objects.create(writeAside(chunk, { namespace, at: new Date() }));
    if (this.#lines === null) {
      const text = chunks.map((chunk) => chunk.text).join('');
      const { lines } = linesOf(text, undefined);
      const rest = text.slice(lines.texts.join('').length);
      const [, , count = '0'] = /^([0-9a-f]{64}) (\d+)$/.exec(this.lease.head ?? '') ?? [];
      const missing = Math.max(0, Number(count) - lines.values.length - (rest.match(/\n/g) ?? []).length);
      const value = this.#reader.broken({ detail: problem, values: lines.values, rest, missing });
      const link = chain(lines.hashes.at(-1) ?? GENESIS, value);
      const more = { values: [value], hashes: [link.hash], texts: [`${link.line}\n`] };
      this.#lines = joined(lines, more);
      this.#reader.replaced(this.#lines.values);
    }
    const wanted = splitIntoChunks(name, this.#lines.texts);
    if (!this.lease.isHeld) throw lost(null);
    this.#isRewriting = true;
    try {
      for (const { name: former } of chunks) await this.#objects.delete(former);
      for (const chunk of wanted) await this.#store(chunk);
      this.#stored.replace(await this.#objects.list(`${CONTROL_LABEL}=${name}`));
    } finally {
      this.#isRewriting = false;
    }
    this.#review();
    log.error(
      { problem, name },
      'the change log in the cluster was put right; what was found lies beside it',
    );
  }
}

function linesOf(
  text: string,
  after: string | undefined,
): { readonly lines: Lines; readonly problem: string | null } {
  const { values, hashes, broken, tornBytes } = readChain(Buffer.from(text), after);
  const texts = text
    .split('\n')
    .slice(0, values.length)
    .map((line) => `${line}\n`);
  const problem =
    broken !== null
      ? `Line ${broken.line} ${broken.detail}.`
      : tornBytes > 0
        ? `Line ${values.length + 1} has no end.`
        : null;
  return { lines: { values, hashes, texts }, problem };
}

const joined = (one: Lines, other: Lines): Lines => ({
  values: [...one.values, ...other.values],
  hashes: [...one.hashes, ...other.hashes],
  texts: [...one.texts, ...other.texts],
});

const versionOf = (value: unknown): string =>
  (value as { readonly metadata?: { readonly resourceVersion?: string } }).metadata?.resourceVersion ?? '';

const lost = (cause: unknown): CollectorError =>
  new CollectorError(
    'change_not_written',
    'The change log of the cluster could not be written: look at what is desired, and try again.',
    cause,
  );
