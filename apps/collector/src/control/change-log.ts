// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createLogger, replaceFile } from '@undermesh/core';
import { Change } from '@undermesh/schema';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';

const log = createLogger('changes');

/** Changes kept; when twice as many are in the file, the older half is folded into its first line. */
const KEPT = 5_000;
/** Names of each kind that are remembered: beyond them nothing new is reported. */
const MOST_NAMES = 50_000;

const Known = Type.Object({
  nodes: Type.Record(
    Type.String(),
    Type.Object({ version: Type.String(), instance: Type.String(), silent: Type.Boolean() }),
  ),
  /** Versions of each workload, the one that came last at the end; the empty text for none. */
  workloads: Type.Record(Type.String(), Type.Array(Type.String())),
  edges: Type.Array(Type.String()),
});
/** A line: what was known before all that follow, or one change. */
const Checkpoint = Type.Object({ number: Type.Integer({ minimum: 0 }), known: Known });
const Entry = Type.Intersect([Change, Type.Object({ instance: Type.Optional(Type.String()) })]);
type Entry = Static<typeof Entry>;

/** A change that has not been numbered yet. `instance` is of the agent, where it has to do with one. */
export interface NewChange extends Omit<Change, 'number'> {
  readonly instance?: string;
}

/** What there is, as all changes together have made it. */
export interface KnownMesh {
  readonly nodes: Map<string, { version: string; instance: string; silent: boolean }>;
  readonly workloads: Map<string, string[]>;
  readonly edges: Set<string>;
}

/**
 * What changed in the mesh, in one append-only file of JSON lines: what is known is the fold of them, so a restart
 * reports nothing anew. A line that was cut off, by a crash while it was written, is left out and overwritten. Nobody waits
 * for the disk: changes are written one batch after the other, in the background.
 */
export class ChangeLog {
  readonly #file: string | null;
  readonly known: KnownMesh = { nodes: new Map(), workloads: new Map(), edges: new Set() };
  #entries: Entry[] = [];
  #last = 0;
  #lines = 0;
  /** Lines that are not in the file yet, and whether the file is to be written anew instead. */
  #waiting: string[] = [];
  #stale = false;
  #writing: Promise<void> | null = null;

  /** @param file where it is kept; `null` keeps it in memory only. */
  constructor(file: string | null) {
    this.#file = file;
  }

  /** Whether nothing was ever written down. */
  get isNew(): boolean {
    return this.#last === 0 && this.#lines === 0;
  }

  /** Newest first. */
  *changes(): Iterable<Change> {
    for (let at = this.#entries.length - 1; at >= 0; at--) {
      const entry = this.#entries[at];
      if (entry === undefined) return;
      const { number, time, kind, subject, before, after } = entry;
      yield { number, time, kind, subject, before, after };
    }
  }

  /** Reads the file. What cannot be read is logged, and the rest of the file left out. */
  restore(): void {
    if (this.#file === null) return;
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        log.error({ err: error, file: this.#file }, 'cannot read the changes');
      return;
    }
    const lines = text.split('\n');
    const whole = lines.slice(0, -1).every((line) => this.#read(line)) && lines.at(-1) === '';
    if (whole) return;
    log.warn(
      { file: this.#file, kept: this.#lines },
      'the end of the changes was cut off; what was whole is kept',
    );
    this.#stale = true;
    this.#write();
  }

  /** Remembers what is not worth a change of its own; {@link save} writes it down. */
  learnNode(node: string, agent: { version: string; instance: string }): void {
    this.known.nodes.set(node, { silent: false, ...agent });
    this.#stale = true;
  }

  learnWorkload(subject: string, version: string): void {
    const { workloads } = this.known;
    const versions = workloads.get(subject) ?? [];
    if (versions.includes(version) || (versions.length === 0 && workloads.size >= MOST_NAMES)) return;
    workloads.set(subject, [...versions, version]);
    this.#stale = true;
  }

  learnEdge(subject: string): void {
    const { edges } = this.known;
    if (edges.has(subject) || edges.size >= MOST_NAMES) return;
    edges.add(subject);
    this.#stale = true;
  }

  /** Writes down what was learned. Call it every now and then. */
  save(): void {
    if (this.#stale) this.#write();
  }

  /** {@link save}, and waits until all is on the disk. */
  async flush(): Promise<void> {
    this.save();
    await this.#writing;
  }

  /** Numbers changes and writes them down. Those of names beyond what can be remembered are left out. */
  append(changes: readonly NewChange[]): void {
    const lines: string[] = [];
    for (const change of changes) {
      if (!this.#hasRoom(change)) continue;
      const entry = { number: ++this.#last, ...change };
      this.#fold(entry);
      lines.push(`${JSON.stringify(entry)}\n`);
    }
    if (lines.length === 0) return;
    this.#lines += lines.length;
    if (this.#lines >= KEPT * 2) this.#stale = true;
    this.#waiting.push(...lines);
    this.#write();
  }

  #read(line: string): boolean {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return false;
    }
    if (Value.Check(Checkpoint, value)) {
      this.#last = value.number;
      const { nodes, workloads, edges } = value.known;
      for (const [name, node] of Object.entries(nodes)) this.known.nodes.set(name, node);
      for (const [name, versions] of Object.entries(workloads)) this.known.workloads.set(name, versions);
      for (const edge of edges) this.known.edges.add(edge);
    } else if (Value.Check(Entry, value) && value.number === this.#last + 1) {
      this.#last = value.number;
      this.#fold(value);
    } else return false;
    this.#lines++;
    return true;
  }

  #hasRoom({ kind }: NewChange): boolean {
    const { workloads, edges } = this.known;
    if (kind === 'workload_appeared') return workloads.size < MOST_NAMES;
    return kind !== 'edge_appeared' || edges.size < MOST_NAMES;
  }

  #fold(change: Entry): void {
    const { instance = '' } = change;
    this.#entries.push(change);
    if (this.#entries.length > KEPT) this.#entries.shift();
    const { nodes, workloads, edges } = this.known;
    const { subject, after } = change;
    const node = nodes.get(subject);
    switch (change.kind) {
      case 'node_joined':
        nodes.set(subject, { version: after ?? '', instance, silent: false });
        break;
      case 'node_silent':
        if (node !== undefined) node.silent = true;
        break;
      case 'node_back':
        if (node !== undefined) node.silent = false;
        break;
      case 'agent_restarted':
        if (node !== undefined) node.instance = instance;
        break;
      case 'agent_version':
        if (node !== undefined) Object.assign(node, { version: after ?? '', instance });
        break;
      case 'workload_appeared':
        workloads.set(subject, [after ?? '']);
        break;
      case 'workload_version': {
        const versions = workloads.get(subject) ?? [];
        workloads.set(subject, [...versions.filter((version) => version !== (after ?? '')), after ?? '']);
        break;
      }
      case 'edge_appeared':
        edges.add(subject);
        break;
    }
  }

  #write(): void {
    const file = this.#file;
    if (file === null) return;
    this.#writing ??= this.#writeAll(file).finally(() => {
      this.#writing = null;
    });
  }

  async #writeAll(file: string): Promise<void> {
    try {
      await mkdir(dirname(file), { recursive: true });
      while (this.#stale || this.#waiting.length > 0) {
        const lines = this.#waiting.join('');
        this.#waiting = [];
        if (this.#stale) {
          this.#stale = false;
          await replaceFile(file, this.#content());
        } else await appendSynced(file, lines);
      }
    } catch (error) {
      // The next save writes it anew, with all that this one could not.
      this.#stale = true;
      log.error(
        { err: error, file },
        'cannot write the changes: until it succeeds a restart will not know of them',
      );
    }
  }

  /**
   * The file anew: what is known, then the changes that are kept. Folding these into it once more makes no difference: of
   * each thing the last change decides.
   */
  #content(): string {
    const { nodes, workloads, edges } = this.known;
    const known = {
      nodes: Object.fromEntries(nodes),
      workloads: Object.fromEntries(workloads),
      edges: [...edges],
    };
    const lines = [{ number: this.#last - this.#entries.length, known }, ...this.#entries];
    this.#lines = lines.length;
    return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  }
}

async function appendSynced(path: string, lines: string): Promise<void> {
  const file = await open(path, 'a', 0o600);
  try {
    await file.writeFile(lines);
    await file.sync();
  } finally {
    await file.close();
  }
}
