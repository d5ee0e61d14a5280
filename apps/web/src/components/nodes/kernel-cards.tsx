// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Hook, Node } from '@undermesh/schema';
import { formatCompact, formatShare } from '@/domain/format';
import { byName, hookCost, hookCostText, mapShare } from '@/domain/nodes';
import { Status } from '../glyph';
import { UseBar } from './use-bar';

function HookCell({ hook }: { hook: Hook | undefined }) {
  if (hook === undefined) return <span className="t3">not loaded</span>;
  if (!hook.attached) return <Status kind="warn">detached</Status>;
  const cost = hookCost(hook);
  if (cost === null) return <span className="t3">attached</span>;
  return (
    <>
      {hookCostText(cost)} <span className="t3 small">× {formatCompact(hook.runCount)}</span>
    </>
  );
}

/** Few nodes side by side: what each kernel runs and what a call costs, and how full the maps are. */
export function KernelCards({ nodes }: { nodes: readonly Node[] }) {
  const hooks = byName(nodes, (node) => node.hooks);
  const measured = nodes.some((node) => node.hooks.some((hook) => hookCost(hook) !== null));
  const maps = byName(nodes, (node) => node.maps.filter((map) => mapShare(map) !== null));
  const head = (first: string) => (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        {nodes.map((node) => (
          <th key={node.name} scope="col" className="num">
            {node.name}
          </th>
        ))}
      </tr>
    </thead>
  );
  return (
    <div className="kernel-cards">
      <section className="card">
        <div className="card-head">
          <h2>Hooks</h2>
          <span className="t3">
            {measured
              ? 'time per call × calls, read back from the kernel'
              : 'read back from the kernel, which keeps times while kernel.bpf_stats_enabled is 1'}
          </span>
        </div>
        <div className="card-scroll">
          <table className="table" aria-label="Hooks by node">
            {head('Program')}
            <tbody>
              {hooks.map(({ name, of }) => (
                <tr key={name}>
                  <td className="mono">{name}</td>
                  {of.map((hook, index) => (
                    <td key={nodes[index]?.name} className="num">
                      <HookCell hook={hook} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <section className="card">
        <div className="card-head">
          <h2>Maps</h2>
          <span className="t3">entries used</span>
        </div>
        <div className="card-scroll">
          <table className="table" aria-label="Maps by node">
            {head('Map')}
            <tbody>
              {maps.map(({ name, of }) => (
                <tr key={name}>
                  <td className="mono">{name}</td>
                  {of.map((map, index) => {
                    const share = map === undefined ? null : mapShare(map);
                    return (
                      <td key={nodes[index]?.name} className="num map-cell">
                        {share === null ? (
                          <span className="t3">{map === undefined ? 'not loaded' : 'not counted'}</span>
                        ) : (
                          <span className="row">
                            <UseBar share={share} label={`${name} ${formatShare(share)} used`} />
                            <span className="map-share">{formatShare(share)}</span>
                          </span>
                        )}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </div>
  );
}
