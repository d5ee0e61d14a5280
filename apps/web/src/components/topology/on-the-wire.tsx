// SPDX-License-Identifier: Apache-2.0
import type { Quantiles, Traffic } from '@undermesh/schema';
import { formatDuration, formatNumber, formatShare } from '@/domain/format';
import { retransmitShare } from '@/domain/traffic';
import { Section } from '../panel';

/** What TCP says of connections: how far apart both ends are, and what had to be sent again. `children`: further pairs. */
export function OnTheWire({ traffic, children }: { traffic: Traffic; children?: React.ReactNode }) {
  return (
    <Section title="On the wire">
      <dl className="pairs">
        <dt>Handshake, median and p99</dt>
        <dd>{timesText(traffic.connectUs)}</dd>
        <dt title="As TCP smooths it: acknowledgements that were held back make it longer than the way is">
          Smoothed round trip, median and p99
        </dt>
        <dd>{timesText(traffic.roundTripUs)}</dd>
        <dt>Retransmitted segments</dt>
        <dd>
          {traffic.segmentsSent === 0
            ? 'no data'
            : `${formatNumber(traffic.retransmittedSegments)}, ${formatShare(retransmitShare(traffic))}`}
        </dd>
        {children}
      </dl>
    </Section>
  );
}

const timesText = ({ count, p50, p99 }: Quantiles): string =>
  count === 0 ? 'no data' : `${formatDuration(p50)} · ${formatDuration(p99)}`;
