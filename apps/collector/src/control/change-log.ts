// SPDX-License-Identifier: Apache-2.0
import { createLogger } from '@undermesh/core';
import { Change, type ChangeChain, CONTROL_KINDS } from '@undermesh/schema';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { CollectorError } from '../errors.js';
import { Admission, AgentRoll } from './agent-roll.js';
import { type Break, ChainFile } from './chain-file.js';
import { EngineOrders } from './engine-orders.js';
import { Known, KnownMesh } from './known-mesh.js';

const log = createLogger('changes');

/** Changes kept in memory, those that came by themselves and those that somebody asked for. All are in the file. */
const KEPT = 5_000;
/** Changes that wait for a disk that does not write. */
const MOST_WAITING = 20_000;

const Entry = Type.Intersect([
  Change,
  Type.Object({ instance: Type.Optional(Type.String()), admission: Type.Optional(Admission) }),
]);
type Entry = Static<typeof Entry>;
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

/**
 * What changed in the mesh, and who asked for it: one append-only, hash-chained file of JSON lines. All that is known of
 * the mesh and all that is desired is the fold of them, so a restart neither reports nor orders anything anew.
 */
export class ChangeLog {
  readonly #file: ChainFile | null;
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

  /** @param file where it is kept; `null` keeps it in memory only. */
  constructor(file: string | null) {
    this.#file = file === null ? null : new ChainFile(file);
  }

  /** Whether there was nothing to {@link restore}. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** How far the chain has been verified, and where it was broken. */
  get chain(): ChangeChain {
    const breaks = this.#control.filter(({ kind }) => kind === 'log_broken');
    return {
      verifiedTo: Math.max(this.#ordinary.at(-1)?.number ?? 0, this.#control.at(-1)?.number ?? 0),
      breaks: breaks.map(({ number, time, detail = '' }) => ({ change: number, time, detail })),
    };
  }

  /** Newest first. */
  *changes(): Iterable<Change> {
    let [ordinary, control] = [this.#ordinary.length - 1, this.#control.length - 1];
    for (;;) {
      const [one, other] = [this.#ordinary[ordinary], this.#control[control]];
      const newer = (one?.number ?? 0) > (other?.number ?? 0) ? one : other;
      if (newer === undefined) return;
      if (newer === one) ordinary--;
      else control--;
      yield newer;
    }
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
      else if (Value.Check(Entry, line)) this.#take(line);
      else log.warn({ line }, 'a change of a kind that this release does not know is passed over');
    }
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
   * `change_not_written`: then it has not been asked for.
   */
  async record(change: NewChange): Promise<Change> {
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
    this.#last = Math.max(this.#last, change.number);
    const list = isOfControl(change) ? this.#control : this.#ordinary;
    list.push(change);
    if (list.length > KEPT) list.shift();
    this.known.fold(entry);
    this.orders.fold(change);
    this.roll.fold(entry);
    return change;
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
