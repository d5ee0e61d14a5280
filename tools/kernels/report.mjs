// SPDX-License-Identifier: Apache-2.0
// What was found on the kernels: what each can do, what did not hold, counts of tests, docs/acceptance/kernels.md.
import { table } from '../report.mjs';

/**
 * @typedef {object} KernelResult
 * @property {string} version
 * @property {string} release
 * @property {string[]} steps that were to be done
 * @property {Record<string, { seconds: number, result?: any, error?: string }>} outcomes by step, see inside.mjs
 * @property {string} [breakdown] why the guest did not come to its end, or none was started
 * @property {boolean} [unknown] nothing was started because no package has such a kernel
 * @property {number} seconds
 */

/** What a kernel that takes an object can do with it. */
export const uses = {
  'observe.bpf.o': 'records connections',
  'http.bpf.o': 'reads HTTP for latency',
  'dual_engine.bpf.o': 'steers connections and datagrams',
  'waypoint.bpf.o': 'tells a waypoint the original destination',
  'preface.bpf.o': 'sends waypoints of others a preface',
  'kernel_native.bpf.o': 'chooses for requests, with the module',
};

/** What a kernel can do and what not, with the reason: a line for each object. @param {KernelResult} kernel */
export function abilities(kernel) {
  return objectsOf(kernel).map(({ object, programs, refused }) => {
    const most = Math.max(...programs.map(({ instructions = 0 }) => instructions)).toLocaleString('en');
    const verdict =
      refused.length === 0
        ? `yes (${object}: ${programs.length} programs, the largest ${most} instructions)`
        : `NO (${object}: ${refused.map(refusalOf).join('; ')})`;
    return `${kernel.release}: ${uses[object] ?? 'loads and attaches'}: ${verdict}`;
  });
}

/** What `npm test` counts: each object, and the features, of each kernel. @param {KernelResult[]} kernels */
export function countsOf(kernels) {
  const counts = { passed: 0, failed: 0, skipped: [], failures: [] };
  const count = (name, messages) => {
    if (messages.length === 0) counts.passed += 1;
    else {
      counts.failed += 1;
      counts.failures.push({ name, message: messages.join('; ') });
    }
  };
  for (const kernel of kernels) {
    const name = `kernels > ${kernel.version}`;
    if (kernel.unknown) {
      counts.skipped.push({ name, reason: kernel.breakdown });
      continue;
    }
    for (const { object, refused } of objectsOf(kernel)) count(`${name} > ${object}`, refused.map(refusalOf));
    count(name, troublesBeside(kernel, 'objects'));
  }
  return counts;
}

function objectsOf(kernel) {
  const programs = resultOf(kernel, 'objects') ?? [];
  return [...new Set(programs.map(({ object }) => object))].map((object) => {
    const own = programs.filter((program) => program.object === object);
    return { object, programs: own, refused: own.filter(({ refusal }) => refusal !== undefined) };
  });
}

const refusalOf = ({ program, refusal }) => `${program}: ${refusal.split('\n').at(-1)}`;

/** What did not hold on a kernel, a line each. @param {KernelResult} kernel */
export function troubles(kernel) {
  if (kernel.unknown) return [`${kernel.version}: not tried, ${kernel.breakdown}`];
  return troublesBeside(kernel, undefined).map((line) => `${kernel.release}: ${line}`);
}

/** The same, without what one step found. */
function troublesBeside(kernel, left) {
  const lines = Object.entries(kernel.outcomes).flatMap(([step, { result, error }]) => {
    if (error !== undefined) return [`${step}: ${error}`];
    return step === left ? [] : troublesOf[step](result);
  });
  const missing = kernel.steps.filter((step) => !(step in kernel.outcomes));
  const why = kernel.breakdown === undefined ? 'the program ended before' : kernel.breakdown.split('\n')[0];
  return [...lines, ...missing.map((step) => `${step}: not done, ${why}`)];
}

const troublesOf = {
  features: ({ features }) =>
    Object.entries(features)
      .filter(([, { available }]) => !available)
      .map(([name, { reason }]) => `lacks ${name}: ${reason}`),
  objects: (programs) =>
    programs.filter(({ refusal }) => refusal !== undefined).map((one) => `${one.object}, ${refusalOf(one)}`),
  tests: ({ failures }) => failures.map(({ name, message }) => `${name}: ${message.split('\n')[0]}`),
  road: (checks) =>
    checks.flatMap(({ title, trouble }) => trouble.map((line) => `${title}: ${line.split('\n')[0]}`)),
};

/** The report. @param {object} facts of the machine @param {KernelResult[]} kernels */
export function renderKernels(facts, kernels) {
  const failed = kernels.flatMap(troubles);
  return `${[
    '# Acceptance: kernels',
    '',
    'Written by `npm run verify:kernels`. Kernels other than the machine’s own ran in QEMU without hardware help.',
    '',
    ...table(['', ''], Object.entries(facts)),
    '',
    ...table(
      ['kernel', 'programs loaded and attached', 'tests of `bpf/`', 'agents and collector', 'seconds'],
      kernels.map(summary),
    ),
    '',
    '## What each can do',
    '',
    ...kernels.flatMap(abilities).map((line) => `- ${line}`),
    '',
    '## Programs',
    '',
    'Instructions that the verifier walked through (of 1,000,000) for each program on its own.',
    '',
    ...table(
      ['object', 'program', 'attaches to', ...kernels.map(({ release }) => release)],
      programRows(kernels),
    ),
    ...kernels.flatMap(refusals),
    '',
    '## Features',
    '',
    ...table(['feature', ...kernels.map(({ release }) => release)], featureRows(kernels)),
    '',
    '## Agents and collector',
    '',
    ...table(['check', ...kernels.map(({ release }) => release)], roadRows(kernels)),
    '',
    '## What did not hold',
    '',
    ...(failed.length > 0 ? failed.map((line) => `- ${line}`) : ['Nothing.']),
  ].join('\n')}\n`;
}

const resultOf = (kernel, step) => kernel.outcomes[step]?.result;
const NOT_DONE = '**not done**';

function summary(kernel) {
  const programs = resultOf(kernel, 'objects');
  const tests = resultOf(kernel, 'tests');
  const road = resultOf(kernel, 'road');
  const outOf = (good, all) => (good === all ? `all ${all}` : `**${good} of ${all}**`);
  return [
    kernel.release,
    programs ? outOf(programs.filter(({ attached }) => attached).length, programs.length) : NOT_DONE,
    tests ? outOf(tests.passed, tests.passed + tests.failures.length + tests.skipped.length) : NOT_DONE,
    road ? outOf(road.filter(({ held }) => held).length, road.length) : NOT_DONE,
    kernel.seconds.toFixed(0),
  ];
}

/** One row for each thing that any kernel knows, one cell for each kernel. */
function rows(kernels, entriesOf) {
  const columns = kernels.map((kernel) => new Map(entriesOf(kernel)));
  const keys = [...new Set(columns.flatMap((column) => [...column.keys()]))];
  return keys.map((key) => [...key.split('\t'), ...columns.map((column) => column.get(key) ?? NOT_DONE)]);
}

const programRows = (kernels) =>
  rows(kernels, (kernel) =>
    (resultOf(kernel, 'objects') ?? []).map(({ object, program, section, attached, instructions }) => [
      `${object}\t${program}\t${section}`,
      attached
        ? instructions.toLocaleString('en')
        : instructions === undefined
          ? '**refused**'
          : '**not attached**',
    ]),
  );

const featureRows = (kernels) =>
  rows(kernels, (kernel) =>
    Object.entries(resultOf(kernel, 'features')?.features ?? {}).map(([name, { available, reason }]) => [
      name,
      available ? 'yes' : `**no**: ${reason}`,
    ]),
  );

const roadRows = (kernels) =>
  rows(kernels, (kernel) =>
    (resultOf(kernel, 'road') ?? []).map(({ title, held }) => [title, held ? 'held' : '**missed**']),
  );

function refusals(kernel) {
  return (resultOf(kernel, 'objects') ?? [])
    .filter(({ refusal }) => refusal !== undefined)
    .flatMap(({ object, program, refusal }) => [
      '',
      `${kernel.release}, ${object}, ${program}:`,
      '',
      '```',
      refusal,
      '```',
    ]);
}
