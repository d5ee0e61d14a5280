// SPDX-License-Identifier: Apache-2.0
import type { TimeSplit } from '@undermesh/schema';
import { formatDuration } from '@/domain/format';
import { blame } from '@/domain/latency/words';
import { Section } from '../panel';

/** Where the mean request's time goes: one bar, its parts in figures, and who is to blame. */
export function TimeBar({ split, destination }: { split: TimeSplit; destination: string }) {
  const parts = [
    { name: 'queue', token: 't-queue', us: split.localUs },
    { name: 'network', token: 't-net', us: split.networkUs },
    { name: destination, token: 't-app', us: split.applicationUs },
  ].filter((part): part is { name: string; token: string; us: number } => part.us !== null);
  const sum = parts.reduce((total, { us }) => total + us, 0);
  if (sum === 0) return null;
  const said = blame(split, destination);
  return (
    <Section title="Where the time goes" note={`mean request, ${formatDuration(split.totalUs ?? sum)}`}>
      <div className="time-bar" aria-hidden="true">
        {parts.map(({ name, token, us }) => (
          <i key={name} style={{ flexGrow: us / sum, background: `var(--${token})` }} />
        ))}
      </div>
      <div className="row t2 time-parts">
        {parts.map(({ name, token, us }) => (
          <span key={name} className="row">
            <i className="swatch" style={{ background: `var(--${token})` }} />
            {name} <b>{formatDuration(us)}</b>
          </span>
        ))}
      </div>
      {said !== null && <p className="t2">{said}</p>}
      {split.basis === 'source' && (
        <p className="t3 small">Only the source reports: network is its round trip.</p>
      )}
    </Section>
  );
}
