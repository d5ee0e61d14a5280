// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readlinkSync, readSync } from 'node:fs';
import { BpfError, setPipeSize } from '../kernel/index.js';
import { isRequestLine, MOST_LINE_BYTES, parseRequestLine, type RequestLine } from './request-log.js';

/** What the pipe holds while nobody reads it: some ten thousand lines. */
const PIPE_BYTES = 1 << 20;
/** How often it is emptied: long before it is full. */
const READ_MS = 50;
/** What is read at once. */
const PART_BYTES = 1 << 16;
const NEW_LINE = 0x0a;

/** What a pipe's lines are for. */
export interface LineSink {
  line(line: RequestLine): void;
  /** A line that should tell of a request, and cannot be read. */
  invalid(): void;
}

/**
 * The FIFO that a HAProxy writes a line per request into: its standard output. HAProxy never waits: what does not fit is
 * dropped, and missing in the numbers of the lines. The FIFO is root's alone; HAProxy inherits it open, and keeps it,
 * lines and all, while no agent reads.
 *
 * It is looked into from time to time, and never waited for: a write that wakes its reader takes long, or has the reader
 * run in its place, and HAProxy drops the lines of its other threads meanwhile.
 */
export class LogPipe {
  readonly path: string;
  readonly #part = Buffer.allocUnsafe(PART_BYTES);
  #fd: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  #rest = '';
  /** Within a line that is too long. */
  #skipping = false;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes the FIFO if need be, and opens it for HAProxy to inherit: for both ways, so that opening never waits. */
  open(): number {
    if (!existsSync(this.path)) execFileSync('mkfifo', ['-m', '600', this.path]);
    return openSync(this.path, constants.O_RDWR | constants.O_NONBLOCK);
  }

  /** Whether a process writes into it. */
  isOutputOf(pid: number): boolean {
    try {
      return readlinkSync(`/proc/${pid}/fd/1`) === this.path;
    } catch {
      return false;
    }
  }

  /** Reads lines from now on, with those that waited. */
  read(sink: LineSink): void {
    if (this.#fd !== null) return;
    this.#fd = this.open();
    try {
      setPipeSize(this.#fd, PIPE_BYTES);
    } catch (error) {
      // A smaller one will do: what it cannot hold is counted as lost.
      if (!(error instanceof BpfError)) throw error;
    }
    this.#timer = setInterval(() => this.#empty(sink), READ_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  /** Reads what is there; no more than fits into the pipe, so that a writer who keeps up holds nothing else up. */
  #empty(sink: LineSink): void {
    for (let left = PIPE_BYTES; left > 0 && this.#fd !== null; ) {
      const bytes = this.#readPart(this.#fd);
      if (bytes === 0) return;
      left -= bytes;
      this.#take(this.#part.subarray(0, bytes), sink);
    }
  }

  #readPart(fd: number): number {
    try {
      return readSync(fd, this.#part);
    } catch (error) {
      // A pipe that cannot be read tells nothing: its lines are then missing in the numbers.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') this.close();
      return 0;
    }
  }

  #take(part: Buffer, sink: LineSink): void {
    for (let from = 0; from < part.length; ) {
      const end = part.indexOf(NEW_LINE, from);
      this.#rest += part.toString('latin1', from, end < 0 ? part.length : end);
      from = end < 0 ? part.length : end + 1;
      if (this.#rest.length > MOST_LINE_BYTES) {
        if (!this.#skipping && isRequestLine(this.#rest)) sink.invalid();
        this.#skipping = true;
        this.#rest = '';
      }
      if (end < 0) continue;
      if (!this.#skipping) tell(this.#rest, sink);
      this.#skipping = false;
      this.#rest = '';
    }
  }
}

function tell(text: string, sink: LineSink): void {
  if (!isRequestLine(text)) return;
  const line = parseRequestLine(text);
  if (line === null) sink.invalid();
  else sink.line(line);
}
