// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** A package on its way: the files below a directory, as they will be installed. */
export class Stage {
  constructor(directory) {
    this.directory = directory;
  }

  /** Makes room for a file, and returns where it goes. */
  place(path) {
    const full = join(this.directory, path);
    mkdirSync(dirname(full), { recursive: true, mode: 0o755 });
    return full;
  }

  write(path, content, mode = 0o644) {
    writeFileSync(this.place(path), content);
    chmodSync(join(this.directory, path), mode);
  }

  copy(source, path, mode = 0o644) {
    copyFileSync(source, this.place(path));
    chmodSync(join(this.directory, path), mode);
  }

  /** Paths of files, in one order. */
  files(below = '') {
    return readdirSync(join(this.directory, below), { withFileTypes: true })
      .flatMap((entry) => {
        const path = join(below, entry.name);
        return entry.isDirectory() ? this.files(path) : [path];
      })
      .sort();
  }

  /** Gives all of it one time and the modes of directories. */
  settle(epoch, below = '') {
    const full = join(this.directory, below);
    if (statSync(full).isDirectory()) {
      for (const name of readdirSync(full)) this.settle(epoch, join(below, name));
      chmodSync(full, 0o755);
    }
    utimesSync(full, epoch, epoch);
  }
}
