// SPDX-License-Identifier: Apache-2.0
import { closeSync, readSync } from 'node:fs';
import { check, failedIn } from './failure.js';
import { libbpf } from './library.js';

const CHUNK_BYTES = 64 * 1024;
const waste = new Uint8Array(CHUNK_BYTES);

/**
 * Runs an iterator program over what it is attached to, any number of times. Each run opens and closes its own
 * file descriptor; a walk over sockets sees those of the network namespace that the calling thread is in
 * (see inNetworkNamespace).
 */
export class BpfIterator {
  readonly #linkFd: () => number;

  /** Made by {@link BpfLink.createIterator}. */
  constructor(linkFd: () => number) {
    this.#linkFd = linkFd;
  }

  /** Runs it to the end and returns what it wrote with `bpf_seq_write`. @throws {BpfError} `BPF_ITERATOR`. */
  readAll(): Buffer {
    const chunks: Buffer[] = [];
    this.#read((fd) => {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const bytes = readSync(fd, chunk);
      chunks.push(chunk.subarray(0, bytes));
      return bytes;
    });
    return Buffer.concat(chunks);
  }

  /** Runs it to the end for its side effects; returns how many bytes it wrote. @throws {BpfError} `BPF_ITERATOR`. */
  run(): number {
    let total = 0;
    this.#read((fd) => {
      const bytes = readSync(fd, waste);
      total += bytes;
      return bytes;
    });
    return total;
  }

  #read(readChunk: (fd: number) => number): void {
    const fd = check(libbpf().bpf_iter_create(this.#linkFd()), () => ({
      code: 'BPF_ITERATOR',
      syscall: 'bpf(BPF_ITER_CREATE)',
      doing: 'starting an iterator',
    }));
    try {
      while (readOrRetry(() => readChunk(fd)) > 0);
    } finally {
      closeSync(fd);
    }
  }
}

/** The kernel answers EAGAIN after a million elements in one read, so that others get the CPU. */
function readOrRetry(read: () => number): number {
  for (;;) {
    try {
      return read();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EAGAIN' || code === 'EINTR') continue;
      throw failedIn(error, { code: 'BPF_ITERATOR', syscall: 'read', doing: 'running an iterator' });
    }
  }
}
