// SPDX-License-Identifier: Apache-2.0

/**
 * 32 bits of a text, never 0: FNV-1a over its UTF-16 units, finished by MurmurHash3's mixer so that texts that differ
 * in their last digit are far apart. (http://www.isthe.com/chongo/tech/comp/fnv, https://github.com/aappleby/smhasher)
 */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0 || 1;
}

/** The next number; 0 is left out. */
export const following = (id: number): number => (id + 1) >>> 0 || 1;

/**
 * Numbers for names, the same on every node and in every run that has the same names: a name's number is its hash.
 * Where names have the same one it belongs to the first of them in code unit order; the others, in order of hash and
 * name, take the next number that no name hashes to and none has taken.
 */
export function numberNames<T extends string>(names: Iterable<T>): ReadonlyMap<T, number> {
  const owners = new Map<number, T>();
  const late: T[] = [];
  for (const name of names) {
    const id = hashText(name);
    const owner = owners.get(id);
    if (owner === undefined) owners.set(id, name);
    else if (owner !== name) {
      const [first, second] = name < owner ? [name, owner] : [owner, name];
      owners.set(id, first);
      late.push(second);
    }
  }
  const numbers = new Map<T, number>();
  for (const [id, name] of owners) numbers.set(name, id);
  if (late.length === 0) return numbers;
  const taken = new Set(owners.keys());
  const inOrder = [...new Set(late)].sort((a, b) => hashText(a) - hashText(b) || (a < b ? -1 : 1));
  for (const name of inOrder) {
    let id = hashText(name);
    while (taken.has(id)) id = following(id);
    taken.add(id);
    numbers.set(name, id);
  }
  return numbers;
}
