// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, LegRecord, RecordColumns } from '@undermesh/bpf-abi';
import type { EdgeTable } from './edges.js';
import type { JoinTable } from './join.js';
import type { LegTally } from './leg-tally.js';
import { PARKED_MS } from './parking.js';
import type { PeerFinder } from './peer-finder.js';
import type { RequestFrame } from './request-joiner.js';
import type { Stream } from './streams.js';

/** What legs are joined with: the tables that connections keep. */
export interface LegJoinerParts {
  readonly edges: EdgeTable;
  readonly join: JoinTable;
  readonly finder: PeerFinder;
  readonly tally: LegTally;
  /** Records that may wait. */
  readonly most: number;
}

/** A leg record that waits for the other ends of its connections to speak. */
interface Waiting {
  readonly columns: RecordColumns;
  readonly onward: RecordColumns | null;
  readonly stream: Stream;
  /** Of the waypoint. */
  readonly waypoint: number;
  readonly hint: number;
  readonly clockMs: number;
  readonly cameMs: number;
  readonly live: boolean;
}

/** The other ends of both connections, 0 where nobody has said, and the port that the server itself names. */
interface Ends {
  client: number;
  server: number;
  serverPort: number;
}

const BYTES = LegRecord.BYTES;

/**
 * Puts requests through waypoints on edges from client to server. Both connections are joined by their initial sequence
 * numbers, as connections are; what one of them has not been spoken of waits as long as an end does, and is then put
 * where the directory, else the address says: where its leg is put too.
 */
export class LegJoiner {
  readonly #parts: LegJoinerParts;
  readonly #ends: Ends = { client: 0, server: 0, serverPort: 0 };
  #waiting: Waiting[] = [];

  constructor(parts: LegJoinerParts) {
    this.#parts = parts;
  }

  /** Leg records that wait. */
  get held(): number {
    return this.#waiting.length;
  }

  /** Takes one leg record. Returns the placement of the client as far as it is known, 0 otherwise. */
  take(frame: RequestFrame, index: number, clockMs: number): number {
    const waiting: Waiting = {
      ...recordOf(frame.columns, index),
      stream: frame.from,
      waypoint: frame.locals[index] ?? 0,
      hint: frame.hints?.[index] ?? 0,
      clockMs,
      cameMs: frame.arrivedAt,
      live: !frame.replayed,
    };
    this.#look(waiting, frame.arrivedAt);
    const { client } = this.#ends;
    if (this.#isKnown(waiting)) this.#count(waiting, frame.arrivedAt, waiting.live);
    else if (this.#waiting.length < this.#parts.most) this.#waiting.push(waiting);
    else this.#countAsFound(waiting, frame.arrivedAt, waiting.live);
    return client;
  }

  /** Counts what can be joined by now, and what has waited long enough. Call it several times a second. */
  settle(now: number): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter((waiting) => {
      this.#look(waiting, now);
      if (this.#isKnown(waiting)) this.#count(waiting, now, waiting.live);
      else if (now - waiting.cameMs >= PARKED_MS) this.#countAsFound(waiting, now, waiting.live);
      else return true;
      return false;
    });
  }

  /** Counts in the timeline what waits, and leaves it waiting: for a draft of the timeline. */
  countWaiting(now: number): void {
    for (const waiting of this.#waiting) {
      this.#look(waiting, now);
      this.#countAsFound(waiting, now, false);
    }
  }

  /** Finds out what the other ends have said. */
  #look({ columns, onward, waypoint }: Waiting, now: number): void {
    const { join } = this.#parts;
    const ends = this.#ends;
    const end = { placement: waypoint, now };
    const first = join.enter(columns, 0, end);
    ends.client = first < 0 ? 0 : join.placement(first, 0);
    ends.server = 0;
    ends.serverPort = 0;
    if (onward === null) return;
    const second = join.enter(onward, 0, end);
    if (second < 0) return;
    ends.server = join.placement(second, 1);
    ends.serverPort = join.port(second);
  }

  #isKnown({ onward }: Waiting): boolean {
    return this.#ends.client !== 0 && (onward === null || this.#ends.server !== 0);
  }

  /** Counts what nobody has spoken of where it seems to belong. */
  #countAsFound(waiting: Waiting, now: number, live: boolean): void {
    const { finder } = this.#parts;
    const { columns, onward, stream, waypoint, hint } = waiting;
    const by = { stream, placement: waypoint, now };
    const ends = this.#ends;
    ends.client ||= finder.find(columns, 0, by) || hint || finder.outside(columns, 0, by);
    if (onward !== null) ends.server ||= finder.find(onward, 0, by) || finder.outside(onward, 0, by);
    this.#count(waiting, now, live);
  }

  #count({ columns, onward, waypoint, clockMs }: Waiting, now: number, live: boolean): void {
    const { edges, tally } = this.#parts;
    const { client, server, serverPort } = this.#ends;
    const port = onward === null ? 0 : serverPort || onward.u16(0, Field.peerPort);
    edges.addWaypoint(waypoint);
    tally.count(columns, 0, {
      client: edges.edge(client, waypoint, columns.u16(0, Field.localPort)),
      server: onward === null ? -1 : edges.edge(waypoint, server, port),
      joined: onward === null ? -1 : edges.edge(client, server, port, waypoint),
      at: columns.u64(0, Field.timeNs) / 1e6 + clockMs,
      now,
      live,
    });
  }
}

/** A copy of one record, and of the connection to the server in it. */
function recordOf(columns: RecordColumns, index: number): Pick<Waiting, 'columns' | 'onward'> {
  const bytes = columns.bytes(index, 0, BYTES).slice();
  const own = new RecordColumns(bytes, BYTES);
  const answered = own.u8(0, LegRecord.onward + Field.kind) === 0;
  const onward = answered ? null : new RecordColumns(bytes.subarray(LegRecord.onward), Field.BYTES);
  return { columns: own, onward };
}
