// SPDX-License-Identifier: Apache-2.0
// Cases as a step of `npm run accept -- kmod`. Steps that run together share a mesh: to open one takes minutes in a guest.
import { kernels } from '../kernels/undermesh-module.mjs';
import { runNative } from './guest.mjs';

/** What such a step exports beside its title. @param {string[]} names of cases.mjs */
export const onEveryKernel = (...names) => ({
  kernels,
  cases: names,
  run: async (context, kernel) => outcomeOf(names, await ranOn(kernel, context)),
});

/** All cases of this run, in one guest; the first step waits for them. */
function ranOn(kernel, context) {
  context.native ??= new Map();
  if (!context.native.has(kernel)) {
    const steps = context.parts.filter((part) => part.kernel === kernel).map(({ step }) => step);
    const names = steps.flatMap(({ cases }) => cases ?? []);
    context.native.set(kernel, runNative(kernel, names, context.say));
  }
  return context.native.get(kernel);
}

function outcomeOf(names, { found, release, broken }) {
  const together = [...found].map(([name, { seconds }]) => `${name} ${seconds.toFixed(0)} s`).join(', ');
  const own = names.map(
    (name) => found.get(name) ?? { figures: {}, failures: [`it has not run: ${broken}`], seconds: 0 },
  );
  const failures = own.flatMap((one, at) => one.failures.map((failure) => `${names[at]}: ${failure}`));
  const figures = own.flatMap((one, at) =>
    Object.entries(one.figures).map(([what, value]) => [`${names[at]}: ${what}`, value]),
  );
  return {
    held: failures.length === 0,
    figures: Object.fromEntries(figures),
    note: [`In a guest with ${release}, without hardware help: ${together}.`, ...failures].join('\n\n'),
    seconds: own.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}
