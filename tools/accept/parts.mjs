// SPDX-License-Identifier: Apache-2.0
// The parts of an acceptance area: its steps, tools/accept/AREA/*.mjs in the order of their numbers. A step exports
//   title    what must hold, as a sentence
//   command  how anybody can do it by hand, when there is such a way
//   kernels  of which kernels it boots, when it does: each is a part of its own
//   run      async (context, kernel) => ({ held: boolean, figures: { [name]: value }, note?: string, seconds?: number })
// `context` is shared by the parts of one run: { say, defer, parts }. What a step puts into `context.defer(fn)` is undone at
// the end, the last first.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../paths.mjs';
import { Failure } from '../say.mjs';
import { withoutAutogroups } from '../testbed/autogroups.mjs';

const directory = join(root, 'tools/accept');

/** In front of the kernel that is wanted: `kernel=6.1`. */
const KERNEL = 'kernel=';

/** @returns {string[]} the names of all areas */
export const areas = () =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

/**
 * @param {string} area
 * @returns {Promise<Part[]>} in the order in which they run
 *
 * @typedef {{ name: string, kernel?: string, title: string, step: object }} Part `name`: of the file, `2-exact`
 */
export async function partsOf(area) {
  const files = readdirSync(join(directory, area)).filter((file) => file.endsWith('.mjs'));
  const parts = [];
  for (const file of files.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))) {
    const step = await import(pathToFileURL(join(directory, area, file)).href);
    const name = file.slice(0, -'.mjs'.length);
    for (const kernel of step.kernels ?? [undefined]) {
      const title = kernel === undefined ? step.title : `Linux ${kernel}: ${step.title}`;
      parts.push({ name, kernel, title, step });
    }
  }
  return parts;
}

/**
 * Those that somebody asks for.
 * @param {Part[]} parts
 * @param {string[]} words names of steps, and `kernel=6.1`; none: all
 * @throws {Failure} a word fits no part
 */
export function choose(parts, words) {
  const named = words.filter((word) => !word.startsWith(KERNEL));
  const kernels = words.filter((word) => word.startsWith(KERNEL)).map((word) => word.slice(KERNEL.length));
  const strange = [
    ...named.filter((name) => parts.every((part) => part.name !== name)),
    ...kernels.filter((kernel) => parts.every((part) => part.kernel !== kernel)),
  ];
  if (strange.length > 0) {
    const known = [
      ...new Set(parts.flatMap(({ name, kernel }) => [name, ...(kernel ? [KERNEL + kernel] : [])])),
    ];
    throw new Failure(`no part is called ${strange.join(', ')}`, { mend: `some of: ${known.join(' ')}` });
  }
  return parts.filter(
    ({ name, kernel }) =>
      (named.length === 0 || named.includes(name)) && (kernels.length === 0 || kernels.includes(kernel)),
  );
}

/**
 * Runs parts one after the other.
 * @param {Part[]} parts
 * @param {{ say: (line: string) => void, onResult: (part: Part, result: Result) => void }} options
 *
 * @typedef {{ held: boolean, figures: Record<string, unknown>, note?: string, seconds: number }} Result
 */
export async function runParts(parts, { say, onResult }) {
  const deferred = [];
  const context = { say, defer: (undo) => deferred.push(undo), parts };
  try {
    for (const part of parts) {
      say(`\n== ${part.title}`);
      const start = Date.now();
      const outcome = await Promise.resolve()
        .then(() => withoutAutogroups(() => part.step.run(context, part.kernel)))
        .catch((error) => ({ held: false, figures: {}, note: error.message }));
      onResult(part, { seconds: (Date.now() - start) / 1000, ...outcome });
    }
  } finally {
    for (const undo of deferred.reverse()) await undo();
  }
}
