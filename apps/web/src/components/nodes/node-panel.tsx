// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Node } from '@undermesh/schema';
import Link from 'next/link';
import { useUrl } from '@/data/use-url';
import { nodeRemarks, nodeState } from '@/domain/nodes';
import { EngineState } from '../engine-state';
import { Status, StatusGlyph } from '../glyph';
import { Panel } from '../panel';
import { HooksTab } from './hooks-tab';
import { KernelTab } from './kernel-tab';
import { MapsTab } from './maps-tab';
import { RecordsTab } from './records-tab';

const TABS = ['records', 'hooks', 'maps', 'kernel'] as const;
type Tab = (typeof TABS)[number];

export interface NodePanelProps {
  node: Node;
  now: string | null;
  tab: string | null;
  onTab: (tab: string) => void;
  onClose: () => void;
}

/** One node in full: its ledger and cost, its hooks and maps as read back from the kernel, what its kernel can do. */
export function NodePanel({ node, now, tab: asked, onTab, onClose }: NodePanelProps) {
  const { link } = useUrl();
  const tab: Tab = TABS.find((one) => one === asked) ?? 'records';
  const state = nodeState(node, now);
  const remarks = nodeRemarks(node);
  const features = Object.keys(node.kernel?.features ?? {}).length;
  return (
    <Panel
      wide
      padded
      label={`Node ${node.name}`}
      title={<span className="cut">{node.name}</span>}
      state={
        <>
          <Status kind={state.kind} quiet={state.kind === 'ok'}>
            {state.text}
          </Status>
          <span className="fill" />
          <EngineState engine={node.engine} now={now} />
        </>
      }
      tabs={[
        { id: 'records', name: 'Records' },
        { id: 'hooks', name: 'Hooks', count: node.hooks.length },
        { id: 'maps', name: 'Maps', count: node.maps.length },
        { id: 'kernel', name: 'Kernel', count: features },
      ]}
      tab={tab}
      onTab={onTab}
      onClose={onClose}
      footer={
        <>
          <span className="t3 small cut">
            {node.scope === null ? '' : node.scope.wholeHost ? 'the whole host' : node.scope.cgroup}
          </span>
          <span className="fill" />
          <Link className="btn" href={link('/engines/', { node: node.name })}>
            Engine
          </Link>
          <Link className="btn" href={link('/connections/', { node: node.name })}>
            Connections
          </Link>
        </>
      }
    >
      {remarks.length > 0 && (
        <div className="remarks">
          {remarks.map((remark) => (
            <div key={remark.text} className={`note flat ${remark.kind}`}>
              <span className={remark.kind}>
                <StatusGlyph kind={remark.kind} />
              </span>
              <span>{remark.text}</span>
            </div>
          ))}
        </div>
      )}
      {tab === 'records' && <RecordsTab node={node} now={now} />}
      {tab === 'hooks' && <HooksTab node={node} />}
      {tab === 'maps' && <MapsTab node={node} />}
      {tab === 'kernel' && <KernelTab node={node} />}
    </Panel>
  );
}
