// SPDX-License-Identifier: Apache-2.0
import { HttpLimit, HttpMethod } from '@undermesh/bpf-abi';
import type { LegBalance, UnjoinedReason } from '@undermesh/schema';
import type { LineSink } from '../waypoint/log-pipe.js';
import type { RequestLine } from '../waypoint/request-log.js';
import { LineNumbers } from './line-numbers.js';
import type { Sample } from './samples.js';
import type { WaypointConnection, WaypointConnections } from './waypoint-connections.js';

/** A request with its times, see `struct leg_sample`. */
export interface LegSample {
  readonly firstByteUs: number;
  readonly lastByteUs: number;
  readonly waypointUs: number;
  readonly status: number;
  readonly method: number;
  readonly flags: number;
}

/** A request that found its connections; without `onward` the waypoint answered it. */
export interface Leg {
  readonly client: WaypointConnection;
  readonly onward: WaypointConnection | null;
  readonly sample: LegSample;
}

export interface LegJoinerOptions {
  readonly connections: WaypointConnections;
  /** Whether the kernel tells of requests. */
  readonly isTimed: () => boolean;
  readonly onLeg: (leg: Leg) => void;
  /** What to add to Unix ns for boottime. */
  readonly bootOffsetNs: () => number;
  readonly nowMs?: () => number;
}

/** The kernel tells of a connection within a quarter of a second, of requests within a second after the first. */
const UNKNOWN_MS = 5_000;
const UNTIMED_MS = 3_000;
/** Lines that may wait. */
const MOST_WAITING = 65_536;
const NS = 1e6;
const UNKNOWN = HttpLimit.UNKNOWN_US;

interface Waiting {
  readonly line: RequestLine;
  readonly cameMs: number;
  client: WaypointConnection | null;
  onward: WaypointConnection | null;
  /** Of the request on the connection to the server, from 1; 0: not settled yet. */
  onwardNumber: number;
}

/**
 * Finds the connections that each line of a waypoint's log is of, and how long the request took at either side of the
 * waypoint. On a connection one request follows the other, at both sides in the order of the lines, so that the kernel's
 * samples are counted off. Whatever does not fit leaves the time unknown; it is never guessed.
 */
export class LegJoiner implements LineSink {
  readonly #options: LegJoinerOptions;
  readonly #now: () => number;
  readonly #numbers = new LineNumbers();
  readonly #unjoined = new Map<UnjoinedReason, number>();
  #waiting: Waiting[] = [];
  #lines = 0;
  #invalid = 0;
  #joined = 0;
  #answered = 0;
  #untimed = 0;

  constructor(options: LegJoinerOptions) {
    this.#options = options;
    this.#now = options.nowMs ?? (() => performance.now());
  }

  line(line: RequestLine): void {
    const now = this.#now();
    this.#lines++;
    this.#numbers.note(line.worker, line.number, now);
    // It was tried elsewhere as well, where no line tells of it.
    if (line.retries > 0) this.#options.connections.doubt();
    if (this.#waiting.length >= MOST_WAITING) this.#count('agent_memory');
    else this.#waiting.push({ line, cameMs: now, client: null, onward: null, onwardNumber: 0 });
  }

  invalid(): void {
    this.#invalid++;
    this.#options.connections.doubt();
  }

  /** Takes back what {@link LegJoinerOptions.onLeg} was told of: it could not be passed on. */
  takeBack(reason: UnjoinedReason, requests: number, answered: number): void {
    this.#joined -= requests - answered;
    this.#answered -= answered;
    this.#count(reason, requests);
  }

  /** Joins what can be joined by now. Call it a few times a second, after the kernel's records have been read. */
  settle(): void {
    const now = this.#now();
    const { connections, bootOffsetNs } = this.#options;
    const offsetNs = bootOffsetNs();
    if (this.#numbers.settle(now) > 0) connections.doubt();
    this.#waiting = this.#waiting.filter((waiting) => !this.#isDone(waiting, now, offsetNs));
    connections.forget(Date.now() * NS + offsetNs);
  }

  /** What became of all requests since the start. */
  get balance(): LegBalance {
    const lost = this.#numbers.lost;
    const missing = this.#numbers.missing;
    const unjoined: LegBalance['unjoined'] = Object.fromEntries(this.#unjoined);
    if (lost > 0) unjoined.line_lost = lost;
    // A line that cannot be read is missing in the numbers too.
    if (this.#invalid > 0) unjoined.line_invalid = Math.min(this.#invalid, lost);
    if (unjoined.line_invalid !== undefined) unjoined.line_lost = lost - unjoined.line_invalid;
    return {
      made: this.#lines + lost + missing,
      joined: this.#joined,
      answered: this.#answered,
      waiting: this.#waiting.length + missing,
      unjoined,
      untimed: this.#untimed,
    };
  }

  #count(reason: UnjoinedReason, requests = 1): void {
    this.#unjoined.set(reason, (this.#unjoined.get(reason) ?? 0) + requests);
  }

  #isDone(waiting: Waiting, now: number, offsetNs: number): boolean {
    const age = now - waiting.cameMs;
    const problem = this.#resolve(waiting, offsetNs);
    if (problem !== null) {
      if (age < UNKNOWN_MS) return false;
      this.#count(problem);
      return true;
    }
    const { client, onward, line } = waiting;
    if (client === null) return false;
    const isCounted =
      this.#options.isTimed() && client.counted && line.request > 0 && (onward?.counted ?? true);
    const isThere = client.samples.has(line.request) && (onward?.samples.has(waiting.onwardNumber) ?? true);
    if (isCounted && !isThere && age < UNTIMED_MS) return false;
    this.#pass(client, waiting, isCounted && isThere);
    return true;
  }

  /** Looks for the connections that are not known yet. Returns why there are none so far. */
  #resolve(waiting: Waiting, offsetNs: number): UnjoinedReason | null {
    const { connections } = this.#options;
    const { line } = waiting;
    const beganNs = line.beganMs * NS + offsetNs;
    const endedNs = Date.now() * NS + offsetNs;
    if (waiting.client === null) {
      const found = connections.fromClient(line.client, beganNs, endedNs);
      if (found.length > 1) return 'ambiguous';
      waiting.client = found[0] ?? null;
      if (waiting.client === null) return 'client_unknown';
    }
    if (line.onward === null || waiting.onward !== null) return null;
    const found = connections.toServer(line.onward, beganNs, endedNs);
    if (found.length > 1) return 'ambiguous';
    const onward = found[0];
    if (onward === undefined) return 'server_unknown';
    waiting.onward = onward;
    waiting.onwardNumber = ++onward.lines;
    return null;
  }

  #pass(client: WaypointConnection, { line, onward, onwardNumber }: Waiting, timed: boolean): void {
    const before = timed ? client.samples.take(line.request) : null;
    const after = timed && onward !== null ? onward.samples.take(onwardNumber) : null;
    const waypointUs = ownTime(line, before, onward === null ? ANSWERED : after);
    // Counted off wrongly somewhere: what follows on the connection would be too.
    if (timed && waypointUs === null && onward !== null && !isPlain(before, after)) onward.counted = false;
    if (onward === null) this.#answered++;
    else {
      this.#joined++;
      if (waypointUs === null) this.#untimed++;
    }
    const known = waypointUs !== null && before !== null;
    this.#options.onLeg({
      client,
      onward,
      sample: {
        firstByteUs: known ? before.firstByteUs : UNKNOWN,
        lastByteUs: known ? before.lastByteUs : UNKNOWN,
        waypointUs: waypointUs ?? UNKNOWN,
        status: line.status,
        method: methodOf(line.method),
        flags: known ? before.flags : 0,
      },
    });
  }
}

/** What a waypoint that answers by itself waits for. */
const ANSWERED = 'answered';

/** The waypoint's own time, µs; `null` where the samples do not fit the line and each other. */
function ownTime(
  line: RequestLine,
  before: Sample | null,
  after: Sample | null | typeof ANSWERED,
): number | null {
  if (before === null || after === null) return null;
  const { firstByteUs } = before;
  if (firstByteUs >= UNKNOWN || before.status !== line.status || before.method !== methodOf(line.method))
    return null;
  if (after === ANSWERED) return firstByteUs;
  if (after.firstByteUs >= UNKNOWN || after.status !== line.status || after.method !== before.method)
    return null;
  return after.firstByteUs > firstByteUs ? null : firstByteUs - after.firstByteUs;
}

/** Whether a time is unknown for no worse reason than that the kernel does not know it. */
const isPlain = (before: Sample | null, after: Sample | null): boolean =>
  before === null ||
  after === null ||
  (before.status === after.status && (before.firstByteUs >= UNKNOWN || after.firstByteUs >= UNKNOWN));

const METHODS: Readonly<Record<string, number>> = HttpMethod;

const methodOf = (name: string): number =>
  Object.hasOwn(METHODS, name) ? (METHODS[name] ?? 0) : HttpMethod.OTHER;
