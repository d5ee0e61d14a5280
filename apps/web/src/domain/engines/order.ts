// SPDX-License-Identifier: Apache-2.0
import type { Engine, NodeEngine } from '@undermesh/schema';
import { formatNumber } from '../format';
import type { EngineItem } from './state';

/** What can be asked of a node by its switch, and what it would mean. */

/**
 * `order`: it can be ordered, with `effect` as what follows. `no`: it cannot, whoever asks. `nothing`: it is desired
 * already.
 */
export type Offer =
  | { kind: 'order'; effect: string }
  | { kind: 'no'; title: string; why: string }
  | { kind: 'nothing' };

/** What choosing `wanted` on a node comes to. */
export function offerOf({ node, engine, labels }: EngineItem, wanted: Engine): Offer {
  if (engine.setBy === 'label') {
    const label = Object.entries(labels).find(([name]) => name === ENGINE_LABEL);
    return {
      kind: 'no',
      title: `The label of ${node} decides`,
      why: `Its engine is set by the label ${ENGINE_LABEL}${label === undefined ? '' : `=${label[1]}`}. Change the label, or remove it to decide here.`,
    };
  }
  const why = engine.unavailable[wanted];
  if (why !== undefined) return { kind: 'no', title: `${node} cannot run ${wanted}`, why };
  if (wanted === engine.desired && engine.state !== 'unavailable') return { kind: 'nothing' };
  return { kind: 'order', effect: effectOf(engine, wanted) };
}

/** As the schema names it: the page loads no validators. */
const ENGINE_LABEL = 'undermesh.io/engine';

const EFFECTS: Record<Engine, string> = {
  off: 'New connections are no longer steered; they are still observed.',
  'dual-engine': 'New connections are steered by dual-engine from the moment it is in force.',
  'kernel-native': 'New connections are steered by kernel-native from the moment it is in force.',
};

function effectOf({ observed, connections, state }: NodeEngine, wanted: Engine): string {
  const open =
    observed === null || connections === null || connections === 0
      ? ''
      : ` The ${connections === 1 ? 'one that is' : `${formatNumber(connections)} that are`} open ${connections === 1 ? 'stays' : 'stay'} with ${observed} until ${connections === 1 ? 'it ends' : 'they end'}.`;
  const later = state === 'silent' ? ' The node is silent: it is told when it is back.' : '';
  return EFFECTS[wanted] + open + later;
}

/**
 * What is known best: the answer to an order until the live feed has caught up with it. Observed stays what the server
 * said.
 */
export const latestOf = (live: NodeEngine, answered: NodeEngine | undefined): NodeEngine =>
  answered !== undefined && answered.generation > live.generation ? answered : live;
