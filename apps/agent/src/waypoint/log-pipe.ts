// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { constants, existsSync, openSync, readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { BpfError, setPipeSize } from '../kernel/index.js';
import { isRequestLine, MOST_LINE_BYTES, parseRequestLine, type RequestLine } from './request-log.js';

/** What the pipe holds while nobody reads it: some ten thousand lines. */
const PIPE_BYTES = 1 << 20;
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
 */
export class LogPipe {
  readonly path: string;
  #socket: Socket | null = null;
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
    if (this.#socket !== null) return;
    const fd = this.open();
    try {
      setPipeSize(fd, PIPE_BYTES);
    } catch (error) {
      // A smaller one will do: what it cannot hold is counted as lost.
      if (!(error instanceof BpfError)) throw error;
    }
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.on('data', (part) => this.#take(part, sink));
    // A pipe that cannot be read tells nothing: its lines are then missing in the numbers.
    this.#socket.on('error', () => this.close());
    this.#socket.unref();
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
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
