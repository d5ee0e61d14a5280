// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Status as CollectorStatus, Node } from '@undermesh/schema';
import Link from 'next/link';
import { useUrl } from '@/data/use-url';
import { formatNumber, formatShare } from '@/domain/format';
import { nodeState, observerShare } from '@/domain/nodes';
import { EngineState } from '../engine-state';
import { Status } from '../glyph';

const SHOWN = 5;
const ORDER = { silent: 0, never: 1, reporting: 2 } as const;

/** Nodes, silent ones first: engine as read back, state, what observing costs. */
export function NodesCard({ nodes, status }: { nodes: readonly Node[]; status: CollectorStatus | null }) {
  const { link } = useUrl();
  const silent = nodes.filter((node) => node.state !== 'reporting').length;
  const shown = [...nodes].sort((a, b) => ORDER[a.state] - ORDER[b.state] || a.name.localeCompare(b.name));
  const shownInOrder = nodes.length > SHOWN ? shown.slice(0, SHOWN) : nodes;
  return (
    <section className="card">
      <div className="card-head">
        <h2>Nodes</h2>
        <span className="t3">
          {silent === 0 ? 'all report' : `${silent} of ${nodes.length} ${silent === 1 ? 'is' : 'are'} silent`}
        </span>
        <span className="fill" />
        <Link href={link('/nodes/')}>{nodes.length > SHOWN ? `All ${nodes.length}` : 'Nodes'}</Link>
      </div>
      <table className="table nodes-card" aria-label="Nodes">
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col" className="minor">
              Engine
            </th>
            <th scope="col">State</th>
            <th scope="col" className="num">
              Lost
            </th>
            <th scope="col" className="num">
              CPU
            </th>
          </tr>
        </thead>
        <tbody>
          {shownInOrder.map((node) => {
            const state = nodeState(node, status?.now ?? null);
            const lost = Object.values(node.records.lost).reduce((sum, count) => sum + count, 0);
            return (
              <tr key={node.name}>
                <td className="medium">
                  <Link className="plain-link" href={link('/nodes/', { node: node.name })}>
                    {node.name}
                  </Link>
                </td>
                <td className="minor">
                  <EngineState engine={node.engine} now={status?.now ?? null} />
                </td>
                <td>
                  <Status kind={state.kind} quiet={state.kind === 'ok'}>
                    {state.text}
                  </Status>
                </td>
                <td className={`num ${lost > 0 ? 'warn' : 't2'}`}>{formatNumber(lost)}</td>
                <td className="num t2">{formatShare(observerShare(node))}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
