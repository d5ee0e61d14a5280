// SPDX-License-Identifier: Apache-2.0

/** An IP address as the maps have it: 16 bytes, IPv4 in the first four. `text` is canonical, as in a mesh. */
export function addressBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  if (!text.includes(':')) {
    bytes.set(text.split('.').map(Number));
    return bytes;
  }
  const [front = '', back] = text.split('::');
  const groups = (part: string | undefined): number[] =>
    part === undefined || part === '' ? [] : part.split(':').flatMap(groupsOf);
  const view = new DataView(bytes.buffer);
  const last = groups(back);
  groups(front).forEach((group, i) => {
    view.setUint16(2 * i, group);
  });
  last.forEach((group, i) => {
    view.setUint16(16 - 2 * (last.length - i), group);
  });
  return bytes;
}

/** A group of hexadecimal digits; the dotted end of a mapped address is two. */
function groupsOf(text: string): number[] {
  if (!text.includes('.')) return [Number.parseInt(text, 16)];
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return [(a << 8) | b, (c << 8) | d];
}
