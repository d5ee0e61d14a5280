// SPDX-License-Identifier: Apache-2.0
import type { Latency } from '@undermesh/schema';
import { formatNumber, NBSP } from '@/domain/format';
import { isOfRequests, type LatencyView } from '@/domain/latency/view';
import { seenByBoth, untimed } from '@/domain/latency/words';

/** What the figures rest on: how many were timed, by whom, and what has no latency. */
export function LatencyFooter({
  latency,
  view,
  destination,
}: {
  latency: Latency | null;
  view: LatencyView;
  destination: string;
}) {
  if (latency === null) return <footer className="foot" />;
  const { traffic } = latency;
  const bound = latency.missingNodes.length > 0 ? `≥${NBSP}` : '';
  const both = seenByBoth(latency);
  const left = untimed(traffic);
  if (!isOfRequests(view.measure)) {
    return (
      <footer className="foot">
        <span>
          {view.measure === 'connect'
            ? 'Handshakes, as the source sees them'
            : 'Round trips, as TCP smooths them'}
        </span>
        <span>
          retransmitted{' '}
          <b>
            {bound}
            {formatNumber(traffic.retransmittedSegments)}
          </b>{' '}
          of {formatNumber(traffic.segmentsSent)} segments
        </span>
        <span className="fill" />
        <span className="opt">seen by the {latency.reporter}</span>
      </footer>
    );
  }
  return (
    <footer className="foot">
      <span>HTTP/1.1 requests, timed in the kernel</span>
      <span>
        <b>
          {bound}
          {formatNumber(latency.distribution.quantiles.count)}
        </b>{' '}
        timed
      </span>
      {both !== null && (
        <span>
          seen by both ends <b>{both > 0.9995 ? `100${NBSP}%` : `${formatNumber(both * 100, 1)}${NBSP}%`}</b>
        </span>
      )}
      {(traffic.requests?.pipelined ?? 0) > 0 && (
        <span>
          pipelined, not timed: <b>{formatNumber(traffic.requests?.pipelined)}</b>
        </span>
      )}
      <span>not timed: {left.length === 0 ? 'nothing' : left.join(', ')}</span>
      <span className="fill" />
      <span className="opt">
        {latency.time.total?.basis === 'both'
          ? `network + ${destination} + queue of the same requests, one clock per node`
          : latency.time.total?.basis === 'source'
            ? 'only the source reports: network is its round trip'
            : latency.time.total?.basis === 'destination'
              ? 'only the destination reports: no network time'
              : ''}
      </span>
    </footer>
  );
}
