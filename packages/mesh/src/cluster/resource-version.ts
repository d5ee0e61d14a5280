// SPDX-License-Identifier: Apache-2.0

/**
 * Whether a resource version is newer than another one of the same kind: they compare as numbers (KEP-5504). What does
 * not look like one is newer when it is another, as watches are in order.
 */
export function isNewer(now: string, before: string): boolean {
  if (!/^\d+$/.test(now) || !/^\d+$/.test(before)) return now !== before;
  return now.length === before.length ? now > before : now.length > before.length;
}
