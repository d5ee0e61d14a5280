// SPDX-License-Identifier: Apache-2.0
import type { Hook, MapUse, Node } from '@undermesh/schema';
import { SLOT_ENGINES } from './engines/switch';
import { formatDuration, formatNumber, inWords, NBSP, plural, sentence } from './format';
import type { StatusKind } from './glyphs';
import { silentWords } from './overview';

/** Clock skew below this is not worth a word. */
export const SKEW_SHOWN_MS = 1000;

/** What the agent and its eBPF programs take, as a share of one core; `null` when neither is known. */
export const observerShare = (node: Node): number | null => {
  const agent = node.agent?.cpuShare ?? null;
  if (agent === null && node.bpfCpuShare === null) return null;
  return (agent ?? 0) + (node.bpfCpuShare ?? 0);
};

export const lostTotal = (node: Node): number =>
  Object.values(node.records.lost).reduce((sum, count) => sum + (count ?? 0), 0);

/** Maps fuller than this are worth a look: entries are refused when a map is full. */
export const FULL_SHARE = 0.85;
/** Share of a map that is used; `null` where the kernel does not say. */
export const mapShare = (map: MapUse): number | null =>
  map.entries === undefined || map.maxEntries === 0 ? null : map.entries / map.maxEntries;

/** A node's state in one phrase. `now`: the collector's clock. */
export const nodeState = (node: Node, now: string | null): { kind: StatusKind; text: string } => {
  if (node.state === 'never') return { kind: 'unk', text: 'never reported' };
  if (node.state === 'silent') {
    return { kind: 'unk', text: now === null ? 'silent' : silentWords(node.lastSeenAt, now) };
  }
  if (node.engine.state === 'drift') return { kind: 'warn', text: 'its engine drifts' };
  const detached = node.hooks.filter((hook) => !hook.attached).length;
  if (detached > 0)
    return { kind: 'warn', text: `${detached} ${detached === 1 ? 'hook is' : 'hooks are'} detached` };
  if (lostTotal(node) > 0) return { kind: 'warn', text: 'lost records' };
  return { kind: 'ok', text: 'reports' };
};

/** How many there are, whether all report, and what steers their traffic. */
export const nodesSentence = (nodes: readonly Node[]): string => {
  const silent = nodes.filter((node) => node.state !== 'reporting').length;
  const all = plural(nodes.length, 'node');
  if (silent > 0) return `${all}. ${sentence(inWords(silent))} ${silent === 1 ? 'does' : 'do'} not report.`;
  const run = SLOT_ENGINES.map((engine) => ({
    engine,
    count: nodes.filter((node) => node.engine.observed === engine).length,
  })).filter(({ count }) => count > 0);
  if (run.every(({ engine }) => engine === 'off')) {
    return `${all}, all report. They observe only: no traffic is steered.`;
  }
  const parts = run.map(({ engine, count }) =>
    engine === 'off'
      ? `${inWords(count)} ${count === 1 ? 'is' : 'are'} off`
      : `${inWords(count)} ${count === 1 ? 'runs' : 'run'} ${engine}`,
  );
  return `${all}, all report. ${sentence(parts.join(', '))}.`;
};

/** Nanoseconds per call; `null` without program statistics or calls. */
export const hookCost = (hook: Hook): number | null =>
  hook.runTimeNs === undefined || hook.runCount === undefined || hook.runCount === 0
    ? null
    : hook.runTimeNs / hook.runCount;

/** `212 ns`, `48 µs`. */
export const hookCostText = (nanoseconds: number): string =>
  nanoseconds < 10_000 ? `${formatNumber(nanoseconds)}${NBSP}ns` : formatDuration(nanoseconds / 1000);

/** Lines up what several nodes have under the same name; `undefined` where a node has none. */
export const byName = <T extends { name: string }>(
  nodes: readonly Node[],
  pick: (node: Node) => readonly T[],
): { name: string; of: (T | undefined)[] }[] => {
  const names = [...new Set(nodes.flatMap((node) => pick(node).map((one) => one.name)))];
  return names.map((name) => ({
    name,
    of: nodes.map((node) => pick(node).find((one) => one.name === name)),
  }));
};

/** Things on a node that want a reader's attention, worst first, as whole sentences. */
export const nodeRemarks = (node: Node): { kind: 'warn' | 'unk'; text: string }[] => {
  const remarks: { kind: 'warn' | 'unk'; text: string }[] = [];
  const skew = node.clockSkewMs;
  if (skew !== null && Math.abs(skew) > SKEW_SHOWN_MS) {
    remarks.push({
      kind: 'warn',
      text: `Its clock is ${(Math.abs(skew) / 1000).toFixed(1)} s ${skew > 0 ? 'ahead of' : 'behind'} the collector’s. Times of its records are kept as it wrote them.`,
    });
  }
  for (const map of node.maps) {
    const share = mapShare(map);
    if (share !== null && share >= FULL_SHARE) {
      remarks.push({
        kind: 'warn',
        text: `Map ${map.name} is ${Math.round(share * 100)} % full. When it is full, new entries are refused and counted.`,
      });
    }
  }
  if (node.helperErrors.length > 0) {
    remarks.push({ kind: 'warn', text: 'Kernel helpers failed. Maps lists each by call site.' });
  }
  return remarks;
};
