// SPDX-License-Identifier: Apache-2.0
import { createLogger } from '@undermesh/core';
import { Change, type ChangeChain, CONTROL_KINDS } from '@undermesh/schema';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { CollectorError } from '../errors.js';
import { Admission, AgentRoll } from './agent-roll.js';
import { type Break, ChainFile } from './chain-file.js';
import type { SharedLog } from './cluster/shared-log.js';
import { EngineOrders } from './engine-orders.js';
import { Known, KnownMesh } from './known-mesh.js';

const log = createLogger('changes');

/** Changes kept in memory, those that came by themselves and those that somebody asked for. All are in the file. */
const KEPT = 5_000;
/** How long a start waits for a log that is shared, ms. */
const OPEN_MS = 5_000;
/** Changes that wait for a disk that does not write. */
const MOST_WAITING = 20_000;

const Entry = Type.Intersect([
  Change,
  Type.Object({ instance: Type.Optional(Type.String()), admission: Type.Optional(Admission) }),
]);
type Entry = Static<typeof Entry>;
/**
 * With a log that several collectors share, the numbers of what each finds out by itself begin here: above any that what
 * somebody asked for can come to.
 */
const OWN_NUMBERS = 1_000_000;
/** What is not worth a change of its own. */
const Learned = Type.Object({ learned: Known });

/**
 * A change that has not been numbered yet. `instance` is of the agent, where it has to do with one; `admission` is of
 * joining, and for this process only.
 */
export interface NewChange extends Omit<Change, 'number'> {
  readonly instance?: string;
  readonly admission?: Admission;
}

/** A line that is not in the file yet, and who waits for it. */
interface Waiting {
  readonly line: object;
  readonly done?: (error: unknown) => void;
}

/** Whether somebody asked for it, or has to answer for it. */
const isOfControl = ({ kind }: Change): boolean => CONTROL_KINDS.has(kind);

/** Something asked for that is not in the shared log yet, and who waits for it. */
interface Asked {
  readonly change: NewChange;
  readonly done: (entry: Entry) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * What changed in the mesh, and who asked for it: one append-only, hash-chained file of JSON lines. All that is known of
 * the mesh and all that is desired is the fold of them, so a restart neither reports nor orders anything anew. Where
 * several collectors share a log, what somebody asked for is in that one, and in the file what came by itself.
 */
export class ChangeLog {
  readonly #file: ChainFile | null;
  readonly #shared: SharedLog | null;
  readonly #listeners = new Set<(subjects: ReadonlySet<string> | null) => void>();
  readonly known = new KnownMesh();
  /** What is desired. */
  readonly orders = new EngineOrders();
  /** Who may come in as the agent of which node. */
  readonly roll = new AgentRoll();
  #ordinary: Change[] = [];
  #control: Change[] = [];
  #last = 0;
  #isNew = true;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #asked: Asked[] = [];
  #asking: Promise<void> | null = null;

  /**
   * @param file where it is kept; `null` keeps it in memory only
   * @param shared where what somebody asks for is kept in its place
   */
  constructor(file: string | null, shared: SharedLog | null = null) {
    this.#shared = shared;
    if (shared !== null) this.#last = OWN_NUMBERS;
    this.#file = file === null ? null : new ChainFile(file);
  }

  /** Whether there was nothing to {@link restore}. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** Whether it is known what is desired. */
  get ready(): boolean {
    return this.#shared?.ready ?? true;
  }

  /** Who writes the log that is shared, and what is wrong with it; `null`: it is this collector's alone. */
  get sharing(): { readonly isHeld: boolean; readonly problem: string | null } | null {
    return this.#shared === null
      ? null
      : { isHeld: this.#shared.lease.isHeld, problem: this.#shared.problem };
  }

  /**
   * Calls back when what is desired may be another, also by what other collectors wrote, with the nodes that it is about;
   * `null`: all of them.
   */
  onControl(listener: (subjects: ReadonlySet<string> | null) => void): void {
    this.#listeners.add(listener);
  }

  /** How far the chain has been verified, and where it was broken. */
  get chain(): ChangeChain {
    const breaks = this.#control.filter(({ kind }) => kind === 'log_broken');
    return {
      verifiedTo: Math.max(
        this.#shared === null ? (this.#ordinary.at(-1)?.number ?? 0) : 0,
        this.#control.at(-1)?.number ?? 0,
      ),
      breaks: breaks.map(({ number, time, detail = '' }) => ({ change: number, time, detail })),
    };
  }

  /** Newest first; behind the change of that number, where one is given. */
  *changes(behind?: number): Iterable<Change> {
    let [ordinary, control] = [this.#ordinary.length - 1, this.#control.length - 1];
    let skips = behind !== undefined;
    for (;;) {
      const [one, other] = [this.#ordinary[ordinary], this.#control[control]];
      const newer = other === undefined || (one !== undefined && this.#isNewer(one, other)) ? one : other;
      if (newer === undefined) return;
      if (newer === one) ordinary--;
      else control--;
      if (skips && this.#shared === null) skips = newer.number >= (behind ?? 0);
      if (!skips) yield newer;
      else if (newer.number === behind) skips = false;
    }
  }

  /** Numbers of two logs say nothing of each other. */
  #isNewer(one: Change, other: Change): boolean {
    return this.#shared === null ? one.number > other.number : Date.parse(one.time) > Date.parse(other.time);
  }

  /** What somebody asked for or has to answer for, oldest first. */
  get control(): readonly Change[] {
    return this.#control;
  }

  /** Reads and verifies the file. Throws what the file system says. */
  restore(): void {
    const lines = this.#file?.restore(brokenLine) ?? [];
    this.#isNew = lines.length === 0;
    for (const line of lines) {
      if (Value.Check(Learned, line)) this.known.learn(line.learned);
      else if (Value.Check(Entry, line)) {
        // What was asked for before the log was shared is not what is asked for now.
        if (this.#shared === null || !isOfControl(line)) this.#take(line);
      } else log.warn({ line }, 'a change of a kind that this release does not know is passed over');
    }
  }

  /** Begins to follow the log that is shared, if there is one; resolves when it was read, or could not be for a while. */
  async open(): Promise<void> {
    await this.#shared?.open(
      {
        replaced: (values) => {
          this.#control = [];
          this.orders.clear();
          this.roll.clear();
          this.#takeShared(values);
          this.#tell(null);
        },
        appended: (values) => this.#tell(this.#takeShared(values)),
        broken: brokenLine,
      },
      OPEN_MS,
    );
  }

  /** Stops following it, so that another collector may write at once. */
  async close(): Promise<void> {
    await this.#shared?.close();
  }

  /**
   * Does something that decides on what is known, and records it, while nobody else does. Throws CollectorError
   * `control_held` and `control_unavailable` where the log is shared and cannot be written, or what `work` throws.
   */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#shared === null ? work() : this.#shared.exclusively(work);
  }

  /** Numbers changes and writes them down in the background. Those of names beyond what can be remembered are left out. */
  append(changes: readonly NewChange[]): void {
    for (const change of changes) {
      if (!this.known.hasRoom(change) || this.#waiting.length >= MOST_WAITING) continue;
      const entry = { number: ++this.#last, ...change };
      this.#take(entry);
      this.#waiting.push({ line: entry });
    }
    void this.#write();
  }

  /**
   * Writes down what somebody asked for; resolves with it when it is on the disk. Rejects with CollectorError
   * `change_not_written`: then it has not been asked for. With a shared log also as {@link exclusively}.
   */
  async record(change: NewChange): Promise<Change> {
    if (this.#shared !== null) return this.#recordShared(this.#shared, change);
    const entry = { number: ++this.#last, ...change };
    await new Promise<void>((resolve, reject) => {
      const done = (error: unknown): void => {
        if (error === null) resolve();
        else reject(new CollectorError('change_not_written', 'The change log could not be written.', error));
      };
      this.#waiting.push({ line: entry, done });
      void this.#write();
    });
    return this.#take(entry);
  }

  /** Writes down what was learned, and what could not be written before. Call it every now and then. */
  save(): void {
    void this.#write();
  }

  /** {@link save}, and waits for the disk. */
  async flush(): Promise<void> {
    await this.#write();
  }

  #take(entry: Entry): Change {
    const { instance: _, admission: __, ...change } = entry;
    if (this.#shared === null || !isOfControl(change)) this.#last = Math.max(this.#last, change.number);
    const list = isOfControl(change) ? this.#control : this.#ordinary;
    list.push(change);
    if (list.length > KEPT) list.shift();
    this.known.fold(entry);
    this.orders.fold(change);
    this.roll.fold(entry);
    return change;
  }

  #tell(subjects: ReadonlySet<string> | null): void {
    for (const listener of this.#listeners) listener(subjects);
  }

  /** Returns what they are about. */
  #takeShared(values: readonly unknown[]): ReadonlySet<string> {
    const subjects = new Set<string>();
    for (const value of values) {
      if (Value.Check(Entry, value)) subjects.add(this.#take(value).subject);
      else log.warn({ value }, 'a change of a kind that this release does not know is passed over');
    }
    return subjects;
  }

  /** What is asked for in the same turn, or while something is written, is written together. */
  async #recordShared(shared: SharedLog, change: NewChange): Promise<Change> {
    const entry = await new Promise<Entry>((done, failed) => {
      this.#asked.push({ change, done, failed });
      this.#asking ??= this.#writeAsked(shared);
    });
    const { instance: _, admission: __, ...told } = entry;
    return told;
  }

  async #writeAsked(shared: SharedLog): Promise<void> {
    await null;
    while (this.#asked.length > 0) {
      const batch = this.#asked.splice(0);
      try {
        await shared.exclusively(async () => {
          const first = (this.#control.at(-1)?.number ?? 0) + 1;
          const entries = batch.map(({ change }, i): Entry => ({ number: first + i, ...change }));
          await shared.append(entries);
          batch.forEach(({ done }, i) => {
            const entry = entries[i];
            if (entry !== undefined) done(entry);
          });
        });
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.#asking = null;
  }

  #write(): Promise<void> {
    const learned = this.known.takeLearned();
    if (learned !== null) this.#waiting.push({ line: { learned } });
    this.#writing ??= this.#writeAll();
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    // What is asked for in the same turn goes to the disk together.
    await null;
    // Ends in the same turn in which there was found to be nothing more: what comes later begins anew.
    while (this.#waiting.length > 0 && (await this.#writeBatch())) await this.#file?.remember();
    this.#writing = null;
  }

  /** Whether it could be written. */
  async #writeBatch(): Promise<boolean> {
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      await this.#file?.append(batch.map(({ line }) => line));
      for (const { done } of batch) done?.(null);
      return true;
    } catch (error) {
      log.error({ err: error }, 'cannot write the change log: it is tried again');
      this.#waiting.unshift(...batch.filter(({ done }) => done === undefined));
      for (const { done } of batch) done?.(error);
      return false;
    }
  }
}

/** The line with which a log goes on behind a place where it was broken. No number is given twice. */
function brokenLine({ detail, values, rest, missing }: Break): Entry {
  const verified = values.map((value) => (value as Partial<Entry>).number ?? 0);
  const others = [...rest.matchAll(/^\{"number":(\d{1,9}),/gm)].map(([, digits]) => Number(digits));
  return {
    number: [...verified, ...others].reduce((a, b) => Math.max(a, b), 0) + missing + 1,
    time: new Date().toISOString(),
    kind: 'log_broken',
    subject: 'collector',
    before: null,
    after: null,
    detail: `${detail} What follows was set aside; the engines that nodes run are taken for what is desired.`,
  };
}
