// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { failed } from './failure.js';
import { lastErrno, libc, type Pointer } from './library.js';

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** Bytes of a memory page of this machine, as the kernel told it at start. */
export const pageBytes = readPageBytes();

interface Range {
  readonly address: Pointer;
  readonly bytes: number;
}

// Unmaps once nothing can reach the memory any more, but only what was closed before.
const closed = new FinalizationRegistry<Range>(({ address, bytes }) => {
  libc().munmap(address, bytes);
});

/** Where and how to map a file descriptor. `offset` and `bytes` in bytes; pages are rounded up by the kernel. */
export interface MappingOptions {
  readonly bytes: number;
  readonly offset?: number;
  /** Without it, writing through a view ends the process with SIGSEGV. */
  readonly writable?: boolean;
  /** For messages: "mapping <what>". */
  readonly what: string;
}

/**
 * Memory of a bpf map in this process, as an ArrayBuffer, without a copy.
 *
 * JavaScript cannot be kept from touching a view after {@link close}, and unmapped memory would end the process.
 * Closing therefore puts zero pages in place of the mapping (which lets go of the bpf map), and the addresses
 * are given back when the last view has been collected.
 */
export class SharedMemory {
  readonly buffer: ArrayBuffer;
  readonly #range: Range;
  #closed = false;

  /** @throws {BpfError} `BPF_MEMORY`. */
  constructor(fd: number, options: MappingOptions) {
    const protection = options.writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const address = libc().mmap(null, options.bytes, protection, MAP_SHARED, fd, options.offset ?? 0);
    if (address === MAP_FAILED) {
      throw failed(lastErrno(), { code: 'BPF_MEMORY', syscall: 'mmap', doing: `mapping ${options.what}` });
    }
    this.#range = { address, bytes: options.bytes };
    this.buffer = koffi.view(address, options.bytes);
  }

  /** Harmless when called again. Views made before read zeros from now on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { address, bytes } = this.#range;
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
    libc().mmap(address, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    closed.register(this.buffer, this.#range);
  }
}

function readPageBytes(): number {
  // arm64 kernels have pages of 4, 16 or 64 KiB. AT_PAGESZ of the auxiliary vector is what sysconf reads.
  const AT_PAGESZ = 6n;
  const vector = new BigUint64Array(new Uint8Array(readFileSync('/proc/self/auxv')).buffer);
  for (let i = 0; i + 1 < vector.length; i += 2) {
    if (vector[i] === AT_PAGESZ) return Number(vector[i + 1]);
  }
  return 4096;
}
