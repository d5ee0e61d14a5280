// SPDX-License-Identifier: Apache-2.0
// A wall clock that a test steps, seen by the processes it is given to and by nobody else.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('./clock.c', import.meta.url));

export class SteppedClock {
  #file;
  /** For the environment of a process. */
  environment;

  /** @param {string} state a directory for its files */
  constructor(state) {
    this.#file = join(state, 'clock');
    writeFileSync(this.#file, Buffer.alloc(8));
    const library = join(state, 'clock.so');
    execFileSync('clang', ['-O1', '-Wall', '-shared', '-fPIC', '-o', library, source, '-ldl']);
    this.environment = { LD_PRELOAD: library, STEPPED_CLOCK: this.#file };
  }

  /** Has it differ from the machine's by so many seconds from now on. */
  set(seconds) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    const file = openSync(this.#file, 'r+');
    writeSync(file, bytes, 0, 8, 0);
    closeSync(file);
  }
}
