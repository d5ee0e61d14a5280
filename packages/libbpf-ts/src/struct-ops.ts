// SPDX-License-Identifier: Apache-2.0
import { elfSection } from './elf.js';
import { NotSupportedError } from './errors.js';
import { libbpf } from './library.js';

/** libbpf from which structures of modules can be attached, not only of the kernel itself. */
const SINCE = { major: 1, minor: 4 } as const;
const SECTION = '.struct_ops.link';

/**
 * An older libbpf passes over the section, and the kernel then refuses its programs for a reason that says nothing.
 * @throws {NotSupportedError} the object at `path` needs a newer one.
 */
export function checkStructOps(path: string): void {
  const version = libbpf().libbpf_version_string();
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (major > SINCE.major || (major === SINCE.major && minor >= SINCE.minor)) return;
  if (!hasSection(path)) return;
  throw new NotSupportedError(
    `Opening the BPF object ${path} failed: it has a struct_ops, and libbpf is ${version}. Install libbpf 1.4 or later (Debian 12: libbpf1 of bookworm-backports).`,
    { feature: 'struct_ops of modules', since: 'libbpf1 1.4' },
  );
}

/** False where it is no ELF file, which opening it tells better. */
function hasSection(path: string): boolean {
  try {
    return elfSection(path, SECTION) !== undefined;
  } catch {
    return false;
  }
}
