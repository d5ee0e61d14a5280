// SPDX-License-Identifier: Apache-2.0
'use client';

import { useCallback, useMemo } from 'react';
import { useLive } from '@/data/live';
import { useLatency } from '@/data/use-latency';
import { useUrl } from '@/data/use-url';
import { isEngineSwitch } from '@/domain/engines/log';
import { regionText } from '@/domain/latency/region';
import { latencyViewOf, sampleNoun } from '@/domain/latency/view';
import { compareText, EARLIER, halves, type Pair } from '@/domain/latency/windows';
import { Page } from '../page';
import { ProblemBanner, SilentBanner, State } from '../states';
import { ComparisonCard } from './comparison-card';
import { EcdfCard } from './ecdf-card';
import { HeatCard } from './heat-card';
import { LatencyBar, LatencyScope, peerNames } from './latency-bar';
import { LatencyFooter } from './latency-footer';
import { LatencySkeleton, NothingTimed } from './latency-states';
import { PartsCard } from './parts-card';
import { RegionCard } from './region-card';
import { SummaryCard } from './summary-card';
import { TimeCard } from './time-card';
import { useVia } from './use-via';
import './latency.css';

/** How long things take between two peers: over time, where the time goes, before and after. */
export function LatencyPage() {
  const { parameters, window, namespaces, set, link } = useUrl();
  const view = useMemo(() => latencyViewOf(parameters), [parameters]);
  const system = parameters.get('system') === 'true';
  const namespace = namespaces.join(',');
  const { data: topology } = useLive('topology', {
    level: view.level,
    window,
    ...(system ? { system } : {}),
  });
  const { main, compared, region, changes, change, pair, until } = useLatency(view, {
    window,
    namespace,
    system,
  });
  const latency = main.data;
  const comparison = pair === null ? null : (compared.data?.comparison ?? null);
  const destination = peerNames(view.to, topology) ?? 'destination';
  const noun = sampleNoun(view.measure);
  const via = useVia(view, { window, system });

  const marked = useMemo(
    () => [
      ...changes.filter((one) => isEngineSwitch(one) && one.number !== change?.number),
      ...(change === null ? [] : [change]),
    ],
    [changes, change],
  );
  const setPair = useCallback(
    (next: Pair) => set({ compare: compareText({ kind: 'windows', pair: next }) }, { push: true }),
    [set],
  );
  const setBrush = useCallback(
    (next: Parameters<typeof regionText>[0]) => set({ brush: regionText(next) }, { push: true }),
    [set],
  );
  const compareHalves = (): void => {
    if (latency === null) return;
    setPair(halves({ from: Date.parse(latency.window.from), to: Date.parse(latency.window.to) }));
  };
  const title =
    view.compare?.kind === 'earlier'
      ? (EARLIER.find(({ seconds }) => view.compare?.kind === 'earlier' && seconds === view.compare.seconds)
          ?.name ?? 'Now and earlier')
      : 'Two windows';
  const empty = latency !== null && !main.pending && latency.distribution.quantiles.count === 0;

  return (
    <Page
      title="Latency"
      lead={<LatencyBar view={view} topology={topology} set={set} />}
      actions={<LatencyScope view={view} changes={changes} set={set} onHalves={compareHalves} />}
      footer={<LatencyFooter latency={latency} view={view} destination={destination} />}
      padded
    >
      <SilentBanner />
      {main.error !== null && main.error.status !== 401 && latency !== null && (
        <ProblemBanner message={main.error.message} retry={main.reload} />
      )}
      {until !== null && latency !== null && (
        <div className="note unk flat" role="status">
          <span className="fill">
            This window ends at the time of change #{change?.number}; it does not move with the present.
          </span>
          <button type="button" className="btn" onClick={() => set({ compare: null }, { push: true })}>
            Back to now
          </button>
        </div>
      )}
      {latency === null ? (
        main.error === null || main.error.status === 401 ? (
          <LatencySkeleton />
        ) : (
          <State title="The latencies could not be had">
            <p>{main.error.message}</p>
            <div className="row">
              <button type="button" className="btn" onClick={main.reload}>
                Try again
              </button>
            </div>
          </State>
        )
      ) : empty ? (
        <NothingTimed latency={latency} view={view} set={set} link={link} />
      ) : (
        <div className={`latency-grid${main.pending ? ' pending' : ''}`} data-testid="latency-grid">
          <HeatCard
            latency={latency}
            view={view}
            changes={changes}
            chosen={view.compare?.kind === 'change' ? view.compare.number : null}
            onChange={({ number }) => set({ compare: `change:${number}` }, { push: true })}
            pair={pair}
            onPair={setPair}
            onBrush={setBrush}
            onView={(as) => set({ view: as === 'map' ? null : as })}
          />
          {view.brush !== null ? (
            <RegionCard
              region={view.brush}
              answer={region}
              noun={noun}
              link={link}
              onClose={() => setBrush(null)}
            />
          ) : comparison !== null ? (
            <ComparisonCard
              comparison={comparison}
              change={change}
              title={title}
              destination={destination}
              noun={noun}
              onClose={() => set({ compare: null }, { push: true })}
            />
          ) : (
            <SummaryCard
              latency={latency}
              view={view}
              changes={changes}
              onCompare={(text) => set({ compare: text }, { push: true })}
            />
          )}
          {view.split === 'none' ? (
            <TimeCard latency={latency} destination={destination} via={via} changes={marked} />
          ) : (
            <PartsCard latency={latency} split={view.split} destination={destination} />
          )}
          <EcdfCard latency={latency} comparison={comparison} view={view} destination={destination} />
        </div>
      )}
    </Page>
  );
}
