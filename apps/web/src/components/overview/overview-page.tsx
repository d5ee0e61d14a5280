// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Edge, Edges, Nodes } from '@undermesh/schema';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { useCallback, useMemo } from 'react';
import { useLive, useStatus } from '@/data/live';
import { useEngineSwitches } from '@/data/use-engine-switches';
import { useFetch } from '@/data/use-fetch';
import { useUrl } from '@/data/use-url';
import { switchesOf } from '@/domain/engines/marks';
import { edgesNote, overviewSentence } from '@/domain/overview';
import { selecting } from '@/domain/url-state';
import { versionsOf } from '../edge-name';
import { EdgeTable } from '../edge-table';
import { Page } from '../page';
import { NamespaceMenu, WindowMenu } from '../scope';
import { ProblemBanner, SilentBanner, State, StoreBanner } from '../states';
import { BusiestList } from './busiest-list';
import { EmptyFooter, EmptyMesh } from './empty-mesh';
import { FailuresCard } from './failures-card';
import { NodesCard } from './nodes-card';
import { OverviewSkeleton } from './overview-skeleton';
import { Tiles } from './tiles';
import { TrafficChart } from './traffic-chart';

const REFRESH_SECONDS = 5;
const EDGES_SHOWN = 20;

/** The mesh at a glance: five figures, their course, what failed, the worst edges, the nodes. */
export function OverviewPage() {
  const router = useRouter();
  const { window, namespaces, link } = useUrl();
  const scope = { window, namespace: namespaces.join(',') };
  const { data: status } = useStatus();
  const edges = useFetch<Edges>(
    '/api/v1/edges',
    { ...scope, level: 'workload', order: 'worst', series: true, limit: 100 },
    { refreshSeconds: REFRESH_SECONDS },
  );
  const switches = useEngineSwitches(window);
  const nodes = useFetch<Nodes>('/api/v1/nodes', {}, { refreshSeconds: REFRESH_SECONDS });
  const { data: topology } = useLive('topology', { ...scope, level: 'workload' });
  const vertices = topology?.vertices;
  const versions = useMemo(() => versionsOf(vertices), [vertices]);
  const marksOf = useCallback((edge: Edge) => switchesOf(edge, switches, vertices), [switches, vertices]);

  if (status !== null && (status.nodes.total === 0 || status.firstRecordAt === null)) {
    return (
      <Page title="Overview" footer={<EmptyFooter />}>
        <EmptyMesh status={status} />
      </Page>
    );
  }
  return (
    <Page
      title="Overview"
      lead={
        <span className="say cut">
          {overviewSentence(status, edges.data?.items ?? null, topology?.vertices ?? null)}
        </span>
      }
      actions={
        <>
          <NamespaceMenu />
          <WindowMenu />
        </>
      }
      padded
    >
      <SilentBanner
        action={(node) => (
          <Link className="btn" href={link('/nodes/', { node })}>
            Open {node}
          </Link>
        )}
      />
      <StoreBanner />
      {edges.error !== null && edges.error.status !== 401 && edges.data !== null && (
        <ProblemBanner message={edges.error.message} retry={edges.reload} />
      )}
      {edges.data === null ? (
        edges.error === null || edges.error.status === 401 ? (
          <OverviewSkeleton />
        ) : (
          <State title="The figures could not be had">
            <p>{edges.error.message}</p>
            <div className="row">
              <button type="button" className="btn" onClick={edges.reload}>
                Try again
              </button>
            </div>
          </State>
        )
      ) : (
        <>
          <Tiles edges={edges.data} status={status} switches={switches} />
          <div className="overview-grid charts">
            <section className="card">
              <div className="card-head">
                <h2>Connections and failures</h2>
                <span className="t3">per second</span>
              </div>
              <TrafficChart series={edges.data.totalSeries} status={status} switches={switches} />
            </section>
            <FailuresCard edges={edges.data} versions={versions} />
          </div>
          <div className="overview-grid tables">
            <section className="card">
              <div className="card-head">
                <h2>Edges, worst first</h2>
                <span className="t3">{edgesNote(edges.data.items, edges.data.next !== null)}</span>
                <span className="fill" />
                <Link href={link('/topology/')}>Topology</Link>
              </div>
              <EdgeTable
                edges={edges.data.items.slice(0, EDGES_SHOWN)}
                window={edges.data.window}
                versions={versions}
                marksOf={marksOf}
                onOpen={(edge) =>
                  router.push(
                    link('/topology/', { level: 'workload', ...selecting({ kind: 'edge', id: edge.id }) }),
                  )
                }
              />
            </section>
            <div className="card side-card">
              {nodes.data !== null && <NodesCard nodes={nodes.data.items} status={status} />}
              {topology !== null && (
                <BusiestList topology={topology} count={edges.data.missingNodes.length > 0 ? 2 : 4} />
              )}
            </div>
          </div>
        </>
      )}
    </Page>
  );
}
