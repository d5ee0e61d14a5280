// SPDX-License-Identifier: Apache-2.0
// A disk that belongs to one test: ext4 on a loop device, whose power can be cut, that can be made to stand still, filled
// and freed.
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const shutdownSource = fileURLToPath(new URL('./shutdown.c', import.meta.url));

const FILLER = 'filler';

export class Disk {
  #image;
  #shutdown;
  #path;

  /**
   * Makes an empty file system and mounts it on a path.
   * @param {string} path
   * @param {{ name: string, state: string, mib: number }} options `state`: a directory for its files
   */
  constructor(path, { name, state, mib }) {
    this.#path = path;
    this.#image = join(state, `${name}.img`);
    this.#shutdown = join(state, 'shutdown');
    const image = openSync(this.#image, 'w');
    ftruncateSync(image, mib * 2 ** 20);
    closeSync(image);
    run('mke2fs', ['-q', '-F', '-t', 'ext4', '-m', '0', '-E', 'lazy_itable_init=1', this.#image]);
    run('clang', ['-O1', '-Wall', '-o', this.#shutdown, shutdownSource]);
    mkdirSync(path, { recursive: true });
    this.mount();
  }

  mount() {
    run('mount', ['-o', 'loop,noatime', this.#image, this.#path]);
  }

  unmount() {
    run('umount', [this.#path]);
  }

  /** Cuts the power: what was not synced is lost. Nothing can be written until {@link restore}. */
  cut() {
    run(this.#shutdown, [this.#path]);
  }

  /** The power is back: the file system comes up from what its device holds. Nobody may use the old one. */
  restore() {
    this.unmount();
    this.mount();
  }

  /** Every write and every sync waits until {@link thaw}. */
  freeze() {
    run('fsfreeze', ['-f', this.#path]);
  }

  thaw() {
    run('fsfreeze', ['-u', this.#path]);
  }

  /** Takes all the room there is. */
  fill() {
    const filler = join(this.#path, FILLER);
    mkdirSync(filler);
    const { bsize } = statfsSync(this.#path);
    // The file system needs some of it for itself: in ever smaller pieces.
    for (let bytes = this.#freeBytes; bytes >= bsize; ) {
      try {
        run('fallocate', ['-l', String(bytes), join(filler, String(bytes))]);
        bytes = Math.min(bytes, this.#freeBytes);
      } catch {
        bytes = Math.floor(bytes / 2);
      }
    }
  }

  get #freeBytes() {
    const { bavail, bsize } = statfsSync(this.#path);
    return bavail * bsize;
  }

  free() {
    rmSync(join(this.#path, FILLER), { recursive: true, force: true });
  }

  /** Unmounts, whatever state it is in. */
  remove() {
    try {
      this.thaw();
    } catch {
      // It was not frozen.
    }
    run('umount', ['-l', this.#path]);
  }
}

function run(command, parameters) {
  execFileSync(command, parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
}
