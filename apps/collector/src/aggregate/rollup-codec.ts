// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { COUNTER_NAMES, DISTRIBUTION_NAMES } from './cell-names.js';
import { DISTRIBUTIONS } from './cells.js';
import type { EdgeTable } from './edges.js';
import type { Placements } from './placements.js';
import { type CounterColumn, SealedCells, type SealedParts } from './sealed-cells.js';

/** Layout of the bytes: 2 says of each edge which waypoint lies between. Bytes of a later one are refused. */
const VERSION = 2;
const WITHOUT_WAYPOINTS = 1;
const MAGIC = 0x31524d55;
const HEAD_BYTES = 16;
const ALIGNMENT = 8;

const TYPES = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, i32: Int32Array, f64: Float64Array };
type TypeName = keyof typeof TYPES;
type NumberArray = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/** What the arrays that follow are: node names and counters by name, so that either may be numbered anew. */
const Layout = Type.Object({
  final: Type.Boolean(),
  nodes: Type.Array(Type.String()),
  columns: Type.Array(Type.String()),
  distributions: Type.Array(Type.String()),
  /** Type and length of each array, in order. */
  arrays: Type.Array(
    Type.Tuple([Type.Enum(['u8', 'u16', 'u32', 'i32', 'f64']), Type.Integer({ minimum: 0 })]),
  ),
});
type Layout = Static<typeof Layout>;

/** Cells, and whether they stand for themselves: see Timeline's `Rollup`. */
export interface StoredCells {
  readonly cells: SealedCells;
  readonly final: boolean;
}

/** What the numbers in cells mean in this process. */
export interface CellNames {
  readonly edges: EdgeTable;
  readonly placements: Placements;
}

/** Arrays before the columns, by row: workload and node of both sides, and the port; from version 2 on those of the waypoint. */
const IDENTITY_ARRAYS = 5;
const WAYPOINT_ARRAYS = 2;
/** Arrays behind the columns: histograms, first bins, lengths, offsets and the four pools. */
const HISTOGRAM_ARRAYS = 8;

/**
 * Writes cells down so that any later run can read them: edges by workload id of the store, node name and port, counters
 * and histograms by name. A head of 16 bytes (magic, version, length of the layout), the layout as JSON, then the
 * arrays, little-endian, each on a multiple of 8 bytes.
 */
export function encodeCells({ cells, final }: StoredCells, { edges, placements }: CellNames): Uint8Array {
  const { parts } = cells;
  const nodes = new Map<string, number>();
  const nodeOf = (placement: number): number => {
    const name = placements.nodeName(placements.nodeOf(placement));
    const known = nodes.get(name) ?? nodes.size;
    nodes.set(name, known);
    return known;
  };
  const each = (of: (edge: number) => number): Uint32Array => parts.edges.map(of);
  const hasWaypoints = parts.edges.some((edge) => edges.via(edge) !== 0);
  const identity = [
    each((edge) => placements.workloadOf(edges.source(edge))),
    each((edge) => nodeOf(edges.source(edge))),
    each((edge) => placements.workloadOf(edges.destination(edge))),
    each((edge) => nodeOf(edges.destination(edge))),
    each((edge) => edges.port(edge)),
    ...(hasWaypoints
      ? [each((edge) => placements.workloadOf(edges.via(edge))), each((edge) => nodeOf(edges.via(edge)))]
      : []),
  ];
  const columns: CounterColumn[] = [];
  const names: string[] = [];
  parts.columns.forEach((column, counter) => {
    if (column === null) return;
    columns.push(column);
    names.push(COUNTER_NAMES[counter] ?? '');
  });
  const { histograms, first, lengths, offsets, pools } = parts;
  const arrays: NumberArray[] = [...identity, ...columns, histograms, first, lengths, offsets, ...pools];
  const layout: Layout = {
    final,
    nodes: [...nodes.keys()],
    columns: names,
    distributions: [...DISTRIBUTION_NAMES],
    arrays: arrays.map((array) => [typeName(array), array.length]),
  };
  return join(Buffer.from(JSON.stringify(layout)), {
    version: hasWaypoints ? VERSION : WITHOUT_WAYPOINTS,
    arrays,
  });
}

/** Reads what {@link encodeCells} wrote. Throws RangeError when it cannot be that, or is of a later version. */
export function decodeCells(bytes: Uint8Array, names: CellNames): StoredCells {
  const { layout, version, arrays } = split(bytes);
  const identity = IDENTITY_ARRAYS + (version === WITHOUT_WAYPOINTS ? 0 : WAYPOINT_ARRAYS);
  if (arrays.length !== identity + layout.columns.length + HISTOGRAM_ARRAYS) {
    throw new RangeError(`${arrays.length} arrays: not what the layout names`);
  }
  const columns: (CounterColumn | null)[] = COUNTER_NAMES.map(() => null);
  layout.columns.forEach((name, at) => {
    const counter = COUNTER_NAMES.indexOf(name);
    if (counter >= 0) columns[counter] = arrays[identity + at] as CounterColumn;
  });
  const [histograms, first, lengths, offsets, ...pools] = arrays.slice(-HISTOGRAM_ARRAYS);
  const parts = {
    edges: edgesOf(layout, arrays.slice(0, identity), names),
    columns,
    histograms,
    first,
    lengths,
    offsets,
    pools,
  } as SealedParts;
  return { cells: new SealedCells(renumbered(parts, layout.distributions)), final: layout.final };
}

function edgesOf(
  layout: Layout,
  arrays: readonly NumberArray[],
  { edges, placements }: CellNames,
): Uint32Array {
  const [sources, sourceNodes, destinations, destinationNodes, ports, waypoints, waypointNodes] = arrays;
  const nodes = layout.nodes.map((name) => placements.node(name));
  const place = (workloads: NumberArray | undefined, at: NumberArray | undefined, row: number): number =>
    placements.placement(workloads?.[row] ?? 0, nodes[at?.[row] ?? 0] ?? 0);
  return Uint32Array.from({ length: sources?.length ?? 0 }, (_, row) =>
    edges.edge(
      place(sources, sourceNodes, row),
      place(destinations, destinationNodes, row),
      ports?.[row] ?? 0,
      (waypoints?.[row] ?? 0) === 0 ? 0 : place(waypoints, waypointNodes, row),
    ),
  );
}

/** Histograms as this run numbers them; those that it does not know are left out. */
function renumbered(parts: SealedParts, names: readonly string[]): SealedParts {
  if (names.every((name, at) => name === DISTRIBUTION_NAMES[at])) return parts;
  const kept = [...parts.histograms]
    .map((histogram, at) => {
      const distribution = DISTRIBUTION_NAMES.indexOf(names[histogram % DISTRIBUTIONS] ?? '');
      return { at, distribution, id: histogram - (histogram % DISTRIBUTIONS) + distribution };
    })
    .filter(({ distribution }) => distribution >= 0)
    .sort((a, b) => a.id - b.id);
  return {
    ...parts,
    histograms: Uint32Array.from(kept, ({ id }) => id),
    first: Uint16Array.from(kept, ({ at }) => parts.first[at] ?? 0),
    lengths: Uint16Array.from(kept, ({ at }) => parts.lengths[at] ?? 0),
    offsets: Uint32Array.from(kept, ({ at }) => parts.offsets[at] ?? 0),
  };
}

function typeName(array: NumberArray): TypeName {
  const found = (Object.keys(TYPES) as TypeName[]).find((name) => array instanceof TYPES[name]);
  if (found === undefined) throw new RangeError('an array of another type');
  return found;
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

function join(
  layout: Uint8Array,
  { version, arrays }: { readonly version: number; readonly arrays: readonly NumberArray[] },
): Uint8Array {
  const body = HEAD_BYTES + aligned(layout.byteLength);
  const bytes = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + aligned(byteLength), body));
  const head = new DataView(bytes.buffer);
  head.setUint32(0, MAGIC, true);
  head.setUint32(4, version, true);
  head.setUint32(8, layout.byteLength, true);
  bytes.set(layout, HEAD_BYTES);
  let at = body;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += aligned(array.byteLength);
  }
  return bytes;
}

function split(given: Uint8Array): { layout: Layout; version: number; arrays: NumberArray[] } {
  if (given.byteLength < HEAD_BYTES) throw new RangeError(`${given.byteLength} bytes: no roll-up`);
  // A copy of its own: aligned, and free of a larger buffer that it may be part of.
  const bytes = given.slice();
  const head = new DataView(bytes.buffer);
  if (head.getUint32(0, true) !== MAGIC) throw new RangeError('not the bytes of a roll-up');
  const version = head.getUint32(4, true);
  if (version < WITHOUT_WAYPOINTS || version > VERSION)
    throw new RangeError(`a roll-up of version ${version}: ${VERSION} is understood`);
  const layoutBytes = head.getUint32(8, true);
  const layout: unknown = JSON.parse(
    new TextDecoder().decode(bytes.subarray(HEAD_BYTES, HEAD_BYTES + layoutBytes)),
  );
  if (!Value.Check(Layout, layout))
    throw new RangeError('the layout of a roll-up does not have the right shape');
  let at = HEAD_BYTES + aligned(layoutBytes);
  const arrays = layout.arrays.map(([type, length]) => {
    const array = new TYPES[type](bytes.buffer, at, length);
    at += aligned(array.byteLength);
    return array;
  });
  return { layout, version, arrays };
}
