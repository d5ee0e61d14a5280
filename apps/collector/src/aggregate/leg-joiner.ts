// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, LegRecord, RecordColumns } from '@undermesh/bpf-abi';
import type { EdgeTable } from './edges.js';
import type { JoinTable } from './join.js';
import type { LegTally } from './leg-tally.js';
import type { OpenTable } from './open-table.js';
import { PARKED_MS } from './parking.js';
import type { PeerFinder } from './peer-finder.js';
import type { RequestFrame } from './request-joiner.js';
import type { Stream } from './streams.js';

/** What legs are joined with: the tables that connections keep. */
export interface LegJoinerParts {
  readonly edges: EdgeTable;
  readonly open: OpenTable;
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
/** How long the word of an agent that watches the other end is waited for: it may be behind. */
const WATCHED_MS = 10_000;

/**
 * Puts requests through waypoints on edges from client to server. Both connections are joined by their initial sequence
 * numbers, as connections are. Where nobody has spoken of one of them, they wait as long as an end does, and longer if an
 * agent watches the other end; then they are put where the directory, else the address says: where their leg is put too.
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
    this.#parts.edges.addWaypoint(frame.locals[index] ?? 0);
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
      else if (now - waiting.cameMs >= this.#patienceMs(waiting))
        this.#countAsFound(waiting, now, waiting.live);
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

  /** How long it waits for ends that nobody has spoken of, ms. */
  #patienceMs({ columns, onward, stream }: Waiting): number {
    const { finder } = this.#parts;
    const ends = this.#ends;
    const isWatched =
      (ends.client === 0 && finder.isWatched(columns, 0, stream)) ||
      (onward !== null && ends.server === 0 && finder.isWatched(onward, 0, stream));
    return isWatched ? WATCHED_MS : PARKED_MS;
  }

  /** Finds out what the other ends have said. */
  #look(waiting: Waiting, now: number): void {
    const { columns, onward } = waiting;
    const { edges, join, open } = this.#parts;
    const ends = this.#ends;
    const end = { placement: waiting.waypoint, now };
    const ownOfClient = this.#joinedSlot(columns, waiting);
    const first = join.enter(columns, 0, end);
    ends.client = first < 0 ? 0 : join.placement(first, 0);
    if (ownOfClient >= 0) ends.client = open.peer[ownOfClient] ?? 0;
    ends.server = 0;
    ends.serverPort = 0;
    if (onward === null) return;
    const ownOfServer = this.#joinedSlot(onward, waiting);
    const second = join.enter(onward, 0, end);
    if (ownOfServer >= 0) {
      ends.server = open.peer[ownOfServer] ?? 0;
      ends.serverPort = edges.port(open.edge[ownOfServer] ?? 0);
    } else if (second >= 0) {
      ends.server = join.placement(second, 1);
      ends.serverPort = join.port(second);
    }
  }

  /** The waypoint's own end of a connection where it is open and its partner has spoken, however long ago; else -1. */
  #joinedSlot(columns: RecordColumns, { stream }: Waiting): number {
    const { open } = this.#parts;
    const slot = open.find(columns, 0, stream.number);
    return slot >= 0 && open.isJoined(slot) && (open.edge[slot] ?? -1) >= 0 ? slot : -1;
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
