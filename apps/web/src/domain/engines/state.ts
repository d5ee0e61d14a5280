// SPDX-License-Identifier: Apache-2.0
import type { Engines, NodeEngine } from '@undermesh/schema';
import { formatSpan, NBSP, plural, sentence } from '../format';
import type { StatusKind } from '../glyphs';

/** How a node's engine stands, in words. */

export type EngineItem = Engines['items'][number];

/** `drift 3 min`: whole minutes from the first on, so that a column of ages does not tick. */
const age = (since: string | null, now: string | null): string => {
  if (since === null || now === null) return '';
  const seconds = Math.max(0, (Date.parse(now) - Date.parse(since)) / 1000);
  return ` ${formatSpan(seconds >= 60 ? Math.floor(seconds / 60) * 60 : seconds)}`;
};

/** In a table's cell. `now`: the collector's clock. */
export const engineState = (engine: NodeEngine, now: string | null): { kind: StatusKind; text: string } => {
  switch (engine.state) {
    case 'in-force':
      return { kind: 'ok', text: 'in force' };
    case 'switching':
      return { kind: 'run', text: 'switching' };
    case 'drift':
      return { kind: 'warn', text: `drift${age(engine.stateSince, now)}` };
    case 'unavailable':
      return { kind: 'warn', text: 'refused' };
    case 'silent':
      return engine.observed === null && engine.stateSince === null
        ? { kind: 'unk', text: 'never reported' }
        : { kind: 'unk', text: `silent${age(engine.stateSince, now)}` };
  }
};

/** The sentence above a node's details: what is so, then what follows from it. */
export function engineVerdict(
  { node, engine }: EngineItem,
  now: string | null,
): { kind: StatusKind; title: string; text: string } {
  const { kind } = engineState(engine, now);
  const links = linksOf(engine);
  switch (engine.state) {
    case 'in-force':
      return {
        kind,
        title: 'In force.',
        text: [
          links === null
            ? 'The kernel says so.'
            : `The kernel says so: ${links.attached} of ${plural(links.expected, 'link')} attached.`,
          ...(engine.switchMs === null ? [] : [`The last switch took ${spell(engine.switchMs)}.`]),
        ].join(' '),
      };
    case 'switching':
      return {
        kind,
        title: `Switching to ${engine.desired}.`,
        text: 'Ordered, and not yet read back from the kernel. Traffic keeps flowing meanwhile.',
      };
    case 'drift': {
      return {
        kind,
        title: `Drift${engine.stateSince === null ? '' : ` for${age(engine.stateSince, now)}`}.`,
        text: [
          engine.observed === engine.desired
            ? `${engine.desired} is in force, but not all of it is as it was put.`
            : `${engine.desired} is desired, the kernel runs ${engine.observed ?? 'something unknown'}.`,
          ...(engine.detail === null ? [] : [sentenceOf(engine.detail)]),
        ].join(' '),
      };
    }
    case 'unavailable':
      return {
        kind,
        title: `${node} cannot run ${engine.desired}.`,
        text: sentenceOf(engine.detail ?? engine.unavailable[engine.desired] ?? 'It did not say why'),
      };
    case 'silent':
      return {
        kind,
        title:
          engine.stateSince === null ? 'Never heard of.' : `Not heard of for${age(engine.stateSince, now)}.`,
        text:
          engine.observed === null
            ? 'Its agent has not reported an engine yet.'
            : `It ran ${engine.observed} last. Its traffic keeps flowing; what is desired is sent when it is back.`,
      };
  }
}

/** With a full stop, and a capital unless it begins with a name such as `connect4`. */
const sentenceOf = (text: string): string => {
  const whole = /^[a-z]+\b/.test(text) ? sentence(text) : text;
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
};

const spell = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)}${NBSP}ms` : `${(ms / 1000).toFixed(1)}${NBSP}s`;

/** Links of all hooks; `null` where the engine has none. */
export const linksOf = ({ hooks }: NodeEngine): { attached: number; expected: number } | null =>
  hooks.length === 0
    ? null
    : {
        attached: hooks.reduce((sum, hook) => sum + hook.attached, 0),
        expected: hooks.reduce((sum, hook) => sum + hook.expected, 0),
      };

/** Who decides on the engine, as the matrix says it. */
export const deciderWords = ({ setBy }: NodeEngine): string =>
  ({ label: 'label', api: 'API', config: 'config' })[setBy];

/** Whether only the node's label may change the engine. */
export const isLabelManaged = ({ setBy }: NodeEngine): boolean => setBy === 'label';

/** What wants a look, first: the order in which nodes are worth showing. */
export const needsLook = ({ state }: NodeEngine): boolean => state === 'drift' || state === 'unavailable';
