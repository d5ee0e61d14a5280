// SPDX-License-Identifier: Apache-2.0
import { formatDuration } from '@/domain/format';
import { namedParts, type TimeParts, timeWords } from '@/domain/topology/time-parts';
import { Section } from './panel';

interface TimeBarProps {
  parts: TimeParts;
  /** Of the stops; `waypoint` is `null` where there is none. */
  names: { waypoint: string | null; server: string };
  /** What qualifies the figures. */
  note: string | null;
}

/** Where the mean request's time goes: one bar, its parts in figures, and who takes most of it. */
export function TimeBar({ parts, names, note }: TimeBarProps) {
  const named = namedParts(parts, names);
  const said = timeWords(parts, names);
  return (
    <>
      <div className="time-bar" aria-hidden="true">
        {named.map(({ name, token, us }) => (
          <i key={name} style={{ flexGrow: us / parts.totalUs, background: `var(--${token})` }} />
        ))}
      </div>
      <div className="row t2 time-parts">
        {named.map(({ name, token, us }) => (
          <span key={name} className="row">
            <i className="swatch" style={{ background: `var(--${token})` }} />
            {name} <b>{formatDuration(us)}</b>
          </span>
        ))}
      </div>
      {said !== null && <p className="t2">{said}</p>}
      {note !== null && <p className="t3 small">{note}</p>}
    </>
  );
}

/** The same as a part of a panel. */
export function TimeSection(props: TimeBarProps) {
  return (
    <Section title="Where the time goes" note={`mean request, ${formatDuration(props.parts.totalUs)}`}>
      <TimeBar {...props} />
    </Section>
  );
}
