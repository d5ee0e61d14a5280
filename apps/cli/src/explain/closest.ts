// SPDX-License-Identifier: Apache-2.0

/** Names that are suggested at most. */
const MOST_SUGGESTIONS = 3;

/**
 * Edits that turn one text into the other: insertions, deletions, replacements and swaps of neighbours (optimal string
 * alignment distance).
 */
export function editDistance(a: string, b: string): number {
  let [before, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (isSame ? 0 : 1),
        isSwap ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
}

/** Full names (`namespace/name`) that may be meant by `wanted`, likeliest first; also those that only contain it. */
export function closest(names: readonly string[], wanted: string): string[] {
  const text = wanted.toLowerCase();
  const most = Math.max(1, Math.floor(text.length / 3));
  const scored = names.map((full) => {
    const lower = full.toLowerCase();
    const name = lower.slice(lower.indexOf('/') + 1);
    const distance = Math.min(editDistance(text, lower), editDistance(text, name));
    const isPart = text.length > 1 && lower.includes(text);
    return { full, distance: isPart ? Math.min(distance, most) : distance };
  });
  return scored
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance || (a.full < b.full ? -1 : 1))
    .slice(0, MOST_SUGGESTIONS)
    .map(({ full }) => full);
}
