// SPDX-License-Identifier: Apache-2.0
import { Bins } from './bins.js';
import { CELL_COUNTERS, type Cells, DISTRIBUTIONS } from './cells.js';
import type { HistogramWindow } from './histogram-windows.js';
import type { SampleRoutes, SampleSink } from './sample-routes.js';

/** What one counter is over all rows; as narrow as its values allow. */
export type CounterColumn = Uint8Array | Uint16Array | Uint32Array | Float64Array;
/** Counts of histograms, by width. */
const POOLS = [Uint8Array, Uint16Array, Int32Array, Float64Array] as const;
export type CountPool = InstanceType<(typeof POOLS)[number]>;
/** An offset says in its lowest bits which pool it means. */
const POOL_BITS = 2;

const NO_COUNTS: CountPool = new Uint8Array(0);

/** A window that is pointed at one histogram after the other. */
interface Pointer {
  first: number;
  counts: CountPool;
  from: number;
  length: number;
}

/** {@link SealedCells} as plain arrays: what is written down. */
export interface SealedParts {
  /** Edge by row. */
  readonly edges: Uint32Array;
  /** By counter; `null` where all is 0. */
  readonly columns: readonly (CounterColumn | null)[];
  /** Row × DISTRIBUTIONS + distribution × 2 + side; rising. */
  readonly histograms: Uint32Array;
  readonly first: Uint16Array;
  readonly lengths: Uint16Array;
  /** Of the first count, times 4, plus the number of the pool. */
  readonly offsets: Uint32Array;
  readonly pools: readonly CountPool[];
}

/** Figures by edge over some stretch of time, read row by row. */
export interface CellsPart {
  /** Rows. */
  readonly count: number;
  edge(row: number): number;
  /** Counter `side × COUNTERS + Counter.x` of a row. */
  get(row: number, counter: number): number;
  /** Adds one counter of each row i to `sums[to[i] + counter]`; to nothing where `to[i]` is below 0. */
  addCounter(counter: number, to: Int32Array, sums: Float64Array): void;
  /** Gives the samples of all rows to where the routes say. */
  sendSamples(routes: SampleRoutes, sink: SampleSink): void;
}

/** Cells that no longer change, in as few bytes as they need. */
export class SealedCells implements CellsPart {
  readonly #parts: SealedParts;
  /** First histogram of each row. */
  readonly #rows: Uint32Array;
  /** By `distribution × 2 + side`: samples of all rows together, from when they were first asked for. */
  readonly #totals: (Bins | undefined)[] = [];
  readonly bytes: number;

  constructor(parts: SealedParts) {
    this.#parts = parts;
    const { edges, columns, histograms, first, lengths, offsets, pools } = parts;
    this.#rows = new Uint32Array(edges.length + 1);
    for (let at = 0; at < histograms.length; at++) {
      const row = Math.floor((histograms[at] ?? 0) / DISTRIBUTIONS) + 1;
      this.#rows[row] = (this.#rows[row] ?? 0) + 1;
    }
    for (let row = 0; row < edges.length; row++)
      this.#rows[row + 1] = (this.#rows[row + 1] ?? 0) + (this.#rows[row] ?? 0);
    let bytes = this.#rows.byteLength;
    for (const array of [edges, histograms, first, lengths, offsets]) bytes += array.byteLength;
    for (const array of [...columns, ...pools]) bytes += array?.byteLength ?? 0;
    this.bytes = bytes;
  }

  /** A compact copy. */
  static of(cells: Cells): SealedCells {
    const { count, histograms } = cells;
    const edges = new Uint32Array(count);
    for (let row = 0; row < count; row++) edges[row] = cells.edge(row);
    const columns: (CounterColumn | null)[] = [];
    for (let counter = 0; counter < CELL_COUNTERS; counter++) columns.push(columnOf(cells, counter));
    const packed = new HistogramPacker(histograms.count);
    for (const id of histograms.ids().sort()) {
      const window = histograms.window(id);
      if (window !== undefined) packed.add(id, window);
    }
    return new SealedCells({ edges, columns, ...packed.finish() });
  }

  get parts(): SealedParts {
    return this.#parts;
  }

  get count(): number {
    return this.#parts.edges.length;
  }

  edge(row: number): number {
    return this.#parts.edges[row] ?? 0;
  }

  get(row: number, counter: number): number {
    return this.#parts.columns[counter]?.[row] ?? 0;
  }

  addCounter(counter: number, to: Int32Array, sums: Float64Array): void {
    const column = this.#parts.columns[counter];
    if (column === null || column === undefined) return;
    for (let row = 0; row < column.length; row++) {
      const at = to[row] ?? -1;
      if (at >= 0) sums[at + counter] = (sums[at + counter] ?? 0) + (column[row] ?? 0);
    }
  }

  sendSamples(routes: SampleRoutes, sink: SampleSink): void {
    const { edges } = this.#parts;
    const { lines, sums } = routes;
    const common = routes.isShared ? routes.commonLine(edges) : -1;
    if (common >= 0) this.#sendTotals(common, routes, sink);
    for (let row = 0; row < edges.length; row++) {
      const edge = edges[row] ?? 0;
      const line = edge < lines.length ? (lines[edge] ?? -1) : -1;
      if (line === common) continue;
      if (common >= 0) this.#sendRow(row, { routes, line: common, first: 0 }, new TakenBack(sink));
      if (line >= 0) this.#sendRow(row, { routes, line, first: sums[edge] ?? 0 }, sink);
    }
  }

  /** Adds everything to cells that still change. `histograms` false leaves those out, which is faster. */
  addTo(cells: Cells, histograms = true): void {
    const { edges, columns } = this.#parts;
    const rows = new Int32Array(edges.length);
    for (let row = 0; row < rows.length; row++) rows[row] = cells.row(edges[row] ?? 0);
    for (let counter = 0; counter < CELL_COUNTERS; counter++) {
      const column = columns[counter];
      if (column !== null && column !== undefined) cells.addColumn(rows, counter, column);
    }
    if (!histograms) return;
    this.forEachWindow((row, distribution, window) => {
      cells.addWindow(rows[row] ?? 0, distribution, window);
    });
  }

  /** Calls back for the samples of all rows. The window is the caller's only until `visit` returns. */
  forEachWindow(visit: (row: number, distribution: number, window: HistogramWindow) => void): void {
    const { histograms } = this.#parts;
    const window: Pointer = { first: 0, counts: NO_COUNTS, from: 0, length: 0 };
    for (let at = 0; at < histograms.length; at++) {
      const histogram = histograms[at] ?? 0;
      this.#point(window, at);
      visit(Math.floor(histogram / DISTRIBUTIONS), histogram % DISTRIBUTIONS, window);
    }
  }

  /** Gives the samples of a row to where a line says, counted from sum `first`. */
  #sendRow(
    row: number,
    { routes, line, first }: { routes: SampleRoutes; line: number; first: number },
    sink: SampleSink,
  ): void {
    const { histograms } = this.#parts;
    const { table } = routes;
    const window: Pointer = { first: 0, counts: NO_COUNTS, from: 0, length: 0 };
    for (let at = this.#rows[row] ?? 0, end = this.#rows[row + 1] ?? 0; at < end; at++) {
      const sum = table[line + ((histograms[at] ?? 0) & (DISTRIBUTIONS - 1))] ?? -1;
      if (sum < 0) continue;
      this.#point(window, at);
      sink.take(first + sum, window);
    }
  }

  /** Gives the samples of all rows to where a line says. */
  #sendTotals(line: number, { table }: SampleRoutes, sink: SampleSink): void {
    const missing: (Bins | undefined)[] = [];
    for (let at = 0; at < DISTRIBUTIONS; at++) {
      if ((table[line + at] ?? -1) < 0 || this.#totals[at] !== undefined) continue;
      missing[at] = new Bins();
      this.#totals[at] = missing[at];
    }
    if (missing.length > 0) {
      const { histograms } = this.#parts;
      const window: Pointer = { first: 0, counts: NO_COUNTS, from: 0, length: 0 };
      for (let at = 0; at < histograms.length; at++) {
        const bins = missing[(histograms[at] ?? 0) & (DISTRIBUTIONS - 1)];
        if (bins === undefined) continue;
        this.#point(window, at);
        bins.addWindow(window);
      }
    }
    for (let at = 0; at < DISTRIBUTIONS; at++) {
      const sum = table[line + at] ?? -1;
      const bins = this.#totals[at];
      if (sum >= 0 && bins !== undefined && bins.length > 0) sink.take(sum, bins);
    }
  }

  /** Points a window at a histogram. */
  #point(window: Pointer, at: number): void {
    const { first, lengths, offsets, pools } = this.#parts;
    const offset = offsets[at] ?? 0;
    window.first = first[at] ?? 0;
    window.counts = pools[offset & ((1 << POOL_BITS) - 1)] ?? NO_COUNTS;
    window.from = offset >>> POOL_BITS;
    window.length = lengths[at] ?? 0;
  }
}

/** Takes samples out of the sums of another sink. */
class TakenBack implements SampleSink {
  readonly #sink: SampleSink;

  constructor(sink: SampleSink) {
    this.#sink = sink;
  }

  take(sum: number, { first, counts, from, length }: HistogramWindow): void {
    const taken = Float64Array.from({ length }, (_, i) => -(counts[from + i] ?? 0));
    this.#sink.take(sum, { first, counts: taken, from: 0, length });
  }
}

/** Column types in the order of their width. */
const COLUMNS = [Uint8Array, Uint16Array, Uint32Array, Float64Array] as const;

function columnOf(cells: Cells, counter: number): CounterColumn | null {
  let least = 0;
  let most = 0;
  let whole = true;
  for (let row = 0; row < cells.count; row++) {
    const value = cells.get(row, counter);
    if (value < least) least = value;
    if (value > most) most = value;
    whole &&= Number.isInteger(value);
  }
  if (least === 0 && most === 0) return null;
  const narrowest = least < 0 || !whole || most > 0xffffffff ? 3 : most > 0xffff ? 2 : most > 0xff ? 1 : 0;
  const column = new COLUMNS[narrowest](cells.count);
  for (let row = 0; row < cells.count; row++) column[row] = cells.get(row, counter);
  return column;
}

/** Packs windows, given in the order of their ids, without the zeros at their ends, each as narrow as it can be. */
class HistogramPacker {
  readonly #ids: Uint32Array;
  readonly #first: Uint16Array;
  readonly #lengths: Uint16Array;
  readonly #offsets: Uint32Array;
  readonly #sources: { readonly counts: ArrayLike<number>; readonly from: number }[] = [];
  readonly #sizes = POOLS.map(() => 0);
  #count = 0;

  constructor(most: number) {
    this.#ids = new Uint32Array(most);
    this.#first = new Uint16Array(most);
    this.#lengths = new Uint16Array(most);
    this.#offsets = new Uint32Array(most);
  }

  add(id: number, { first, counts, from, length }: HistogramWindow): void {
    let low = 0;
    let high = length;
    while (low < high && counts[from + low] === 0) low++;
    while (high > low && counts[from + high - 1] === 0) high--;
    if (low === high) return;
    const pool = poolOf(counts, from + low, high - low);
    const size = this.#sizes[pool] ?? 0;
    const at = this.#count++;
    this.#ids[at] = id;
    this.#first[at] = first + low;
    this.#lengths[at] = high - low;
    this.#offsets[at] = size * (1 << POOL_BITS) + pool;
    this.#sizes[pool] = size + high - low;
    this.#sources.push({ counts, from: from + low });
  }

  finish(): Omit<SealedParts, 'edges' | 'columns'> {
    const pools = POOLS.map((Pool, at) => new Pool(this.#sizes[at] ?? 0));
    for (let at = 0; at < this.#count; at++) {
      const { counts, from } = this.#sources[at] ?? { counts: [], from: 0 };
      const offset = this.#offsets[at] ?? 0;
      const pool = pools[offset & ((1 << POOL_BITS) - 1)];
      const to = offset >>> POOL_BITS;
      if (pool === undefined) continue;
      for (let i = 0, length = this.#lengths[at] ?? 0; i < length; i++) pool[to + i] = counts[from + i] ?? 0;
    }
    const kept = <A extends Uint16Array | Uint32Array>(array: A): A => array.slice(0, this.#count) as A;
    return {
      histograms: kept(this.#ids),
      first: kept(this.#first),
      lengths: kept(this.#lengths),
      offsets: kept(this.#offsets),
      pools,
    };
  }
}

function poolOf(counts: ArrayLike<number>, from: number, length: number): number {
  let least = 0;
  let most = 0;
  for (let i = from; i < from + length; i++) {
    const count = counts[i] ?? 0;
    if (count < least) least = count;
    if (count > most) most = count;
  }
  if (least >= 0 && most <= 0xff) return 0;
  if (least >= 0 && most <= 0xffff) return 1;
  return least >= -(2 ** 31) && most < 2 ** 31 ? 2 : 3;
}
