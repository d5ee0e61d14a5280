// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Changes, Engine, NodeEngine } from '@undermesh/schema';
import { useCallback, useMemo, useState } from 'react';
import { useEngines, useStatus } from '@/data/live';
import { useFetch } from '@/data/use-fetch';
import { useOpenHistory } from '@/data/use-open-history';
import { useOperator } from '@/data/use-operator';
import { useUrl } from '@/data/use-url';
import { ENGINE_KINDS } from '@/domain/engines/log';
import { latestOf } from '@/domain/engines/order';
import type { EngineItem } from '@/domain/engines/state';
import { enginesViewOf, nodeToShow, shownNodes } from '@/domain/engines/view';
import { EmptyFooter, EmptyMesh } from '../overview/empty-mesh';
import { Page } from '../page';
import { Banner, ProblemBanner, SilentBanner } from '../states';
import { ChangeLogCard } from './change-log-card';
import { EngineMatrix } from './engine-matrix';
import { EnginesActions, EnginesBar, EnginesFooter } from './engines-bar';
import { EnginesSkeleton } from './engines-skeleton';
import { NodeDetail } from './node-detail';
import { OrderDialog, SignInDialog } from './order-dialog';
import './engines.css';
import './engine-matrix.css';
import './node-detail.css';
import './orders.css';

/** As far back as the store's longest window. */
const LOG_SECONDS = 2_678_400;
const LOG_ROWS = 100;
const REFRESH_SECONDS = 5;

type Asked =
  | { kind: 'order'; node: string; engine: Engine; anchor: DOMRect }
  | { kind: 'token'; anchor: DOMRect };

/** Mode control: what steers each node, asked for and read back, while traffic runs. */
export function EnginesPage() {
  const { parameters, window, set, link } = useUrl();
  const view = useMemo(() => enginesViewOf(parameters), [parameters]);
  const { data: status } = useStatus();
  const live = useEngines();
  const operator = useOperator();
  const [answered, setAnswered] = useState<ReadonlyMap<string, NodeEngine>>(new Map());
  const [asked, setAsked] = useState<Asked | null>(null);

  const items = useMemo(
    () =>
      live.data?.items.map(
        (item): EngineItem => ({ ...item, engine: latestOf(item.engine, answered.get(item.node)) }),
      ) ?? null,
    [live.data, answered],
  );
  const shown = useMemo(() => (items === null ? [] : shownNodes(items, view)), [items, view]);
  const item = items === null ? null : nodeToShow(shown, items, view);
  const samples = useOpenHistory(live.data, live.receivedAt, item?.node ?? null);
  const now = status?.now ?? null;

  // what was switched is in the log at once
  const newest = items?.reduce((most, { engine }) => Math.max(most, engine.change ?? 0), 0) ?? 0;
  const log = useFetch<Changes>(
    '/api/v1/changes',
    {
      window: LOG_SECONDS,
      limit: LOG_ROWS,
      kind: view.everything ? undefined : ENGINE_KINDS.join(','),
    },
    { refreshSeconds: REFRESH_SECONDS },
  );
  const ofNode = useFetch<Changes>(
    item === null ? null : '/api/v1/changes',
    { window: LOG_SECONDS, limit: LOG_ROWS, kind: 'engine_set', node: item?.node },
    { refreshSeconds: REFRESH_SECONDS },
  );
  const { reload: reloadLog } = log;
  const { reload: reloadNode } = ofNode;
  const [seen, setSeen] = useState(newest);
  if (newest !== seen) {
    setSeen(newest);
    reloadLog();
    reloadNode();
  }

  const select = useCallback((node: string) => set({ node }, { push: true }), [set]);
  const choose = useCallback((one: EngineItem, engine: Engine, anchor: HTMLElement) => {
    setAsked({ kind: 'order', node: one.node, engine, anchor: anchor.getBoundingClientRect() });
  }, []);
  const close = useCallback(() => setAsked(null), []);
  const onAnswer = useCallback(
    (node: string, engine: NodeEngine) => {
      setAnswered((old) => new Map(old).set(node, engine));
      set({ node });
    },
    [set],
  );

  if (status !== null && status.nodes.total === 0 && (items === null || items.length === 0)) {
    return (
      <Page title="Engines" footer={<EmptyFooter />}>
        <EmptyMesh status={status} />
      </Page>
    );
  }
  const wanted = asked?.kind === 'order' ? (items?.find(({ node }) => node === asked.node) ?? null) : null;
  return (
    <Page
      title="Engines"
      lead={<EnginesBar view={view} items={items} set={set} />}
      actions={
        <EnginesActions
          shown={shown}
          operator={operator}
          onSignIn={(anchor) => setAsked({ kind: 'token', anchor })}
        />
      }
      footer={<EnginesFooter unavailable={unavailable(shown)} />}
      padded
    >
      <SilentBanner />
      {live.problem !== null && live.data !== null && (
        <ProblemBanner message={live.problem.detail ?? live.problem.title} />
      )}
      {live.problem !== null && live.data === null ? (
        <Banner kind="crit">
          <b>The engines could not be had.</b>{' '}
          <span className="t2">{live.problem.detail ?? live.problem.title}</span>
        </Banner>
      ) : items === null ? (
        <EnginesSkeleton />
      ) : (
        <div className="engines-grid">
          <div className="engines-side">
            <section className="card matrix-card">
              <div className="card-scroll">
                <EngineMatrix
                  items={shown}
                  now={now}
                  selected={item?.node ?? null}
                  mayWrite={operator.name !== null}
                  onSelect={select}
                  onChoose={choose}
                />
              </div>
              {shown.length === 0 && (
                <p className="card-say t3">
                  No node matches.{' '}
                  <button
                    type="button"
                    className="link-btn"
                    onClick={() => set({ find: null, state: null, engine: null })}
                  >
                    Clear filters
                  </button>
                </p>
              )}
            </section>
            <ChangeLogCard
              answer={log}
              chain={live.data?.chain ?? null}
              now={now}
              everything={view.everything}
              onEverything={(everything) => set({ log: everything ? 'all' : null })}
              onSelect={select}
            />
          </div>
          {item !== null && (
            <NodeDetail
              key={item.node}
              item={item}
              changes={ofNode.pending ? [] : (ofNode.data?.items ?? [])}
              samples={samples}
              now={now}
              window={window}
              link={link}
              onChoose={choose}
            />
          )}
        </div>
      )}
      {asked?.kind === 'order' && wanted !== null && (
        <OrderDialog
          item={wanted}
          wanted={asked.engine}
          anchor={asked.anchor}
          operator={operator}
          onAnswer={onAnswer}
          onClose={close}
        />
      )}
      {asked?.kind === 'token' && (
        <SignInDialog
          anchor={asked.anchor}
          onSignedIn={() => {
            operator.reload();
            close();
          }}
          onClose={close}
        />
      )}
    </Page>
  );
}

/** The reason that is given most often for an engine that is not available, for the legend; `null`: all can be had. */
function unavailable(items: readonly EngineItem[]): string | null {
  const counts = new Map<string, number>();
  for (const { engine } of items) {
    for (const reason of Object.values(engine.unavailable)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}
