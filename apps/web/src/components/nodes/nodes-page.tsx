// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Node, Nodes } from '@undermesh/schema';
import { useCallback, useMemo } from 'react';
import { useStatus } from '@/data/live';
import { useFetch } from '@/data/use-fetch';
import { useUrl } from '@/data/use-url';
import { nodesSentence } from '@/domain/nodes';
import { DataTable } from '../data-table';
import { EmptyFooter, EmptyMesh } from '../overview/empty-mesh';
import { Page } from '../page';
import { ProblemBanner, SilentBanner, State } from '../states';
import { KernelCards } from './kernel-cards';
import { nodeColumns } from './node-columns';
import { NodePanel } from './node-panel';

const REFRESH_SECONDS = 2;
/** So many nodes fit side by side. */
const FEW = 6;

/** Machines that run an agent: what they are, what runs in their kernel, what it cost, what it lost. */
export function NodesPage() {
  const { parameters, set } = useUrl();
  const { data: status } = useStatus();
  const { data, error, reload } = useFetch<Nodes>('/api/v1/nodes', {}, { refreshSeconds: REFRESH_SECONDS });
  const name = parameters.get('node');
  const node = data?.items.find((one) => one.name === name) ?? null;
  const now = status?.now ?? null;
  const columns = useMemo(() => nodeColumns(now), [now]);
  const open = useCallback((row: Node) => set({ node: row.name }, { push: true }), [set]);
  const close = useCallback(() => set({ node: null, tab: null }), [set]);

  const few = data !== null && data.items.length <= FEW;
  const table = data !== null && (
    <DataTable
      label="Nodes"
      columns={columns}
      rows={data.items}
      keyOf={(row) => row.name}
      selected={node?.name ?? null}
      onOpen={open}
      tall
    />
  );

  if (status !== null && status.nodes.total === 0) {
    return (
      <Page title="Nodes" footer={<EmptyFooter />}>
        <EmptyMesh status={status} />
      </Page>
    );
  }
  return (
    <Page
      title="Nodes"
      padded={few}
      lead={data !== null && <span className="say cut">{nodesSentence(data.items)}</span>}
      panel={
        node !== null && (
          <NodePanel
            node={node}
            now={now}
            tab={parameters.get('tab')}
            onTab={(tab) => set({ tab: tab === 'records' ? null : tab })}
            onClose={close}
          />
        )
      }
    >
      <div className={few ? 'contents-only' : 'banner-space if-any'}>
        <SilentBanner />
        {error !== null && error.status !== 401 && data !== null && (
          <ProblemBanner message={error.message} retry={reload} />
        )}
      </div>
      {data !== null && (few ? <section className="card nodes-list">{table}</section> : table)}
      {data !== null && few && <KernelCards nodes={data.items} />}
      {data === null && error !== null && error.status !== 401 && (
        <State title="The list of nodes could not be had">
          <p>{error.message}</p>
        </State>
      )}
    </Page>
  );
}
