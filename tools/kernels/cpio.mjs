// SPDX-License-Identifier: Apache-2.0
// cpio archives in the "newc" format, which the kernel unpacks at boot (Documentation/driver-api/early-userspace).

const DIRECTORY = 0o040755;
const FILE = 0o100755;

/**
 * An archive of files, all executable, with the directories that they need.
 * @param {Record<string, Buffer | string>} files content by path, without a leading slash
 * @param {string[]} [directories] empty ones
 * @returns {Buffer}
 */
export function archive(files, directories = []) {
  const parts = [];
  const made = new Set();
  const makeDirectory = (path) => {
    if (path === '' || made.has(path)) return;
    makeDirectory(parentOf(path));
    made.add(path);
    parts.push(entry(path, DIRECTORY, Buffer.alloc(0)));
  };
  for (const path of directories) makeDirectory(path);
  for (const [path, content] of Object.entries(files)) {
    makeDirectory(parentOf(path));
    parts.push(entry(path, FILE, Buffer.from(content)));
  }
  return Buffer.concat([...parts, entry('TRAILER!!!', 0, Buffer.alloc(0))]);
}

function entry(name, mode, content) {
  const nameBytes = Buffer.from(`${name}\0`);
  const links = mode === DIRECTORY ? 2 : 1;
  // inode, mode, uid, gid, links, time, size, device (2), special file (2), length of the name, checksum
  const fields = [0, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, nameBytes.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), nameBytes])), padded(content)]);
}

const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);

const parentOf = (path) => path.slice(0, Math.max(path.lastIndexOf('/'), 0));
