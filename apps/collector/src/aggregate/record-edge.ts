// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, type RecordColumns, Reporter } from '@undermesh/bpf-abi';
import type { Side } from './cells.js';
import type { EdgeTable } from './edges.js';

/** Which end made a record. */
export const sideOf = (columns: RecordColumns, index: number): Side =>
  columns.u8(index, Field.reporter) === Reporter.SOURCE ? 0 : 1;

/**
 * The edge of a record between two placements, to the destination's port. `port` is what the destination itself names
 * when it is known, 0 otherwise: what the source used may have been translated.
 */
export const edgeOfRecord = (
  edges: EdgeTable,
  columns: RecordColumns,
  index: number,
  to: { placement: number; peer: number; port: number },
): number =>
  sideOf(columns, index) === 0
    ? edges.edge(to.placement, to.peer, to.port || columns.u16(index, Field.peerPort))
    : edges.edge(to.peer, to.placement, columns.u16(index, Field.localPort));
