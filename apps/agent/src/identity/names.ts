// SPDX-License-Identifier: Apache-2.0

/** Turns any text into a name the wire takes (NAME_PATTERN of the schema): other characters become `-`. */
export function toName(text: string): string {
  const name = text
    .replaceAll(/[^A-Za-z0-9_.:@/-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 253);
  return name === '' ? 'unknown' : name;
}
