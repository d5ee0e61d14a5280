// SPDX-License-Identifier: Apache-2.0
import { renameSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** What one process did towards one service. */
export interface CallCounts {
  /** connect() was called. */
  connects: number;
  established: number;
  /** connect() failed, by error code. */
  failed: Record<string, number>;
  requests: number;
  /** Answers by status; requests without an answer by error code. */
  results: Record<string, number>;
  /** Payload of connections that are closed. */
  bytesSent: number;
  bytesReceived: number;
}

/** What one process did. Read by tests from its counts file. */
export interface Counts {
  readonly workload: string;
  accepted: number;
  served: number;
  readonly calls: Record<string, CallCounts>;
}

/** Counts of a process that has done nothing yet. */
export function newCounts(workload: string): Counts {
  return { workload, accepted: 0, served: 0, calls: {} };
}

/** The counts towards a service, made on first use. */
export function callCounts(counts: Counts, service: string): CallCounts {
  counts.calls[service] ??= {
    connects: 0,
    established: 0,
    failed: {},
    requests: 0,
    results: {},
    bytesSent: 0,
    bytesReceived: 0,
  };
  return counts.calls[service];
}

/** Counts an outgoing connection from its connect() to its end. */
export function countConnection(call: CallCounts, socket: Socket): void {
  let established = false;
  call.connects += 1;
  socket.once('connect', () => {
    established = true;
    call.established += 1;
  });
  socket.once('error', (error: NodeJS.ErrnoException) => {
    if (!established) increment(call.failed, error.code ?? error.message);
  });
  socket.once('close', () => {
    if (!established) return; // what was meant for it counts as written, and was never sent
    call.bytesSent += socket.bytesWritten;
    call.bytesReceived += socket.bytesRead;
  });
}

/** Adds one under a key. */
export function increment(by: Record<string, number>, key: string): void {
  by[key] = (by[key] ?? 0) + 1;
}

/** Writes counts to a file once a second, replacing it at once; the returned function writes them a last time. */
export function publishCounts(counts: Counts, file: string): () => void {
  const write = (): void => {
    writeFileSync(`${file}.new`, JSON.stringify(counts));
    renameSync(`${file}.new`, file);
  };
  setInterval(write, 1000).unref();
  write();
  return write;
}
