// SPDX-License-Identifier: Apache-2.0
// What is asked of a collector after it was sent what no honest agent sends.

const mebibyte = 1 << 20;

/** Every refusal was told to its sender and counted under the same reason. */
export function judgeCodes(findings, { told, rejected, untellable = [] }) {
  const codes = [...new Set([...Object.keys(told), ...Object.keys(rejected)])].sort();
  for (const code of codes) {
    if (untellable.includes(code)) findings.tell(`refused, counted only: ${code}`, rejected[code] ?? 0);
    else findings.equal(`refused, as told and as counted: ${code}`, rejected[code] ?? 0, told[code] ?? 0);
  }
}

/** Nothing that an agent sends is an error or a warning of the collector's. */
export function judgeLog(findings, log) {
  const lines = log.split('\n').filter(Boolean);
  const grave = lines.filter((line) => !/"level":(10|20|30),/.test(line));
  findings.tell('lines in the log', lines.length);
  findings.equal('warnings and errors in the log', grave.length, 0);
  if (grave.length > 0) findings.tell('the first of them', grave[0].slice(0, 600));
}

/**
 * Memory in the second half: its slope by least squares, times how long that half took. Where the process was made to
 * collect its garbage, what it held afterwards: a run of a minute or two ends before V8 has found its measure, which is as
 * much garbage as three times what is alive.
 */
export function judgeMemory(findings, { watch, mostMib }) {
  const mib = (bytes) => `${(bytes / mebibyte).toFixed(0)} MiB`;
  const last = watch.samples.at(-1).second;
  const tenths = Array.from({ length: 10 }, (_, at) =>
    mib(watch.mean((last * at) / 10, (last * (at + 1)) / 10)),
  );
  findings.tell('memory (VmRSS each second), mean of each tenth of the run', tenths.join(', '));
  const collected = watch.held.length > 0;
  if (collected)
    findings.tell(
      'memory after each collection of garbage',
      watch.held.map(({ bytes }) => mib(bytes)).join(', '),
    );
  const slope = collected ? watch.heldSlope(last / 2) : watch.slope(last / 2);
  // A run of seconds has too few looks for a slope: then all that was added counts.
  const added = watch.samples.at(-1).bytes - watch.samples[0].bytes;
  const growth = (Number.isFinite(slope) ? (slope * last) / 2 : added) / mebibyte;
  const what = collected ? 'memory after collections' : 'memory';
  findings.holds(
    `${what}: growth over the second half by least squares, at most ${mostMib} MiB`,
    growth <= mostMib,
    `${growth.toFixed(1)} MiB in ${Math.round(last / 2)} s`,
  );
}
