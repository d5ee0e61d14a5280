// SPDX-License-Identifier: Apache-2.0
import type { Node } from '@undermesh/schema';
import { formatCompact } from '@/domain/format';
import { hookCost, hookCostText } from '@/domain/nodes';
import { Status } from '../glyph';
import { Section } from '../panel';

/** Programs as the kernel says they are, not as the agent loaded them. */
export function HooksTab({ node }: { node: Node }) {
  if (node.hooks.length === 0) return <p className="t2">No hook is attached.</p>;
  return (
    <Section
      title="Read back from the kernel"
      note={node.state === 'reporting' ? 'every second' : 'as of its last report'}
    >
      <ul className="items">
        {node.hooks.map((hook) => {
          const cost = hookCost(hook);
          return (
            <li key={`${hook.name} ${hook.programId}`}>
              <div className="item-line">
                <span className="mono medium cut">{hook.name}</span>
                <span className="fill" />
                {hook.attached ? (
                  <span>
                    {cost === null ? (
                      <span className="t3">no statistics</span>
                    ) : (
                      <>
                        {hookCostText(cost)} <span className="t3">per call</span>
                      </>
                    )}
                  </span>
                ) : (
                  <Status kind="warn">detached</Status>
                )}
              </div>
              <div className="item-line small t3">
                <span className="cut">
                  {hook.type} at <span className="mono">{hook.attachedTo}</span>
                </span>
                <span className="fill" />
                {hook.runCount !== undefined && <span>{formatCompact(hook.runCount)} calls</span>}
              </div>
              <div className="item-line small t3">
                <span className="mono">
                  id {hook.programId} · {hook.tag}
                </span>
              </div>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
