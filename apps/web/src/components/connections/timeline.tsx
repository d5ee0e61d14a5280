// SPDX-License-Identifier: Apache-2.0
import type { Connection } from '@undermesh/schema';
import type { ReactNode } from 'react';
import { formatBytes, formatDuration, plural } from '@/domain/format';
import { reasonWords } from '@/domain/words';

const LEFT = 104;
const RIGHT = 432;
const SOURCE = 30;
const DESTINATION = 92;
/** Room for the handshake and for the end; what lies between is open time, not to scale. */
const HANDSHAKE = 44;
const END = 30;

const short = (name: string): string => (name.length > 12 ? `${name.slice(0, 11)}…` : name);

function Segment({
  from,
  to,
  colour,
  dashed = false,
}: {
  from: [number, number];
  to: [number, number];
  colour: string;
  dashed?: boolean;
}) {
  return (
    <path
      d={`M${from[0]} ${from[1]}L${to[0]} ${to[1]}`}
      stroke={colour}
      strokeWidth="1.4"
      strokeDasharray={dashed ? '3 3' : undefined}
    />
  );
}

function Cross({ x, y, colour }: { x: number; y: number; colour: string }) {
  return (
    <path d={`m${x - 4} ${y - 4} 8 8m0-8-8 8`} stroke={colour} strokeWidth="1.8" strokeLinecap="round" />
  );
}

const NET = 'var(--t-net)';
const CRIT = 'var(--crit)';

/** A connect that never came to be: refused is answered, a time-out is not. */
function Failed({ connection }: { connection: Connection }) {
  const answered = connection.reason === 'refused';
  const again = LEFT + HANDSHAKE;
  return (
    <>
      <Segment
        from={[LEFT, SOURCE]}
        to={[LEFT + HANDSHAKE / 2, DESTINATION]}
        colour={NET}
        dashed={!answered}
      />
      {answered ? (
        <>
          <Segment from={[LEFT + HANDSHAKE / 2, DESTINATION]} to={[again, SOURCE]} colour={CRIT} />
          <Cross x={again} y={SOURCE} colour={CRIT} />
        </>
      ) : (
        <Cross x={LEFT + HANDSHAKE / 2} y={DESTINATION - 6} colour={CRIT} />
      )}
      <text x={again + 14} y={(SOURCE + DESTINATION) / 2 + 4} fill={CRIT}>
        {reasonWords(connection.reason)}, never established
      </text>
    </>
  );
}

/** How it ended: who let go first, in order or not. */
function End({ connection }: { connection: Connection }) {
  if (connection.state === 'open') {
    return (
      <path d={`m${RIGHT - 4} ${SOURCE - 4} 5 4-5 4`} fill="none" stroke="var(--line-3)" strokeWidth="1.5" />
    );
  }
  const bySource =
    connection.reason === 'local_fin' ||
    connection.reason === 'local_reset' ||
    connection.reason === 'killed';
  const [first, second] = bySource ? [SOURCE, DESTINATION] : [DESTINATION, SOURCE];
  const orderly =
    connection.reason === 'local_fin' || connection.reason === 'peer_fin' || connection.reason === null;
  const from = RIGHT - END;
  return (
    <>
      <Segment from={[from, first]} to={[from + END / 2, second]} colour={orderly ? NET : 'var(--warn)'} />
      {orderly ? (
        <Segment from={[from + END / 2, second]} to={[RIGHT, first]} colour={NET} />
      ) : (
        <Cross x={from + END / 2} y={second} colour="var(--warn)" />
      )}
    </>
  );
}

const described = (connection: Connection): string =>
  connection.state === 'failed'
    ? `The connect was ${reasonWords(connection.reason)}.`
    : `Connected in ${formatDuration(connection.connectUs)}, ${connection.state === 'open' ? 'open for' : 'lasted'} ${formatDuration(connection.lifetimeUs)}.`;

/** The course of one connection between two lines: connect, open time, end. A drawing, not to scale. */
export function Timeline({ connection }: { connection: Connection }): ReactNode {
  const { source, destination, sentBytes, receivedBytes, retransmittedSegments: resent } = connection;
  const failed = connection.state === 'failed';
  const start = LEFT + HANDSHAKE;
  const stop = connection.state === 'open' ? RIGHT : RIGHT - END;
  const middle = (start + stop) / 2;
  const unseen = connection.seenBy === 'source';
  return (
    <div className="timeline">
      <svg width="452" height="118" role="img" aria-label={described(connection)}>
        <text x="20" y={SOURCE + 4} className="t2-fill">
          {short(source.workload)}
        </text>
        <text x="20" y={DESTINATION + 4} className="t2-fill">
          {short(destination.workload)}
        </text>
        <path d={`M${LEFT} ${SOURCE}H${RIGHT}`} stroke="var(--line-3)" strokeWidth="1.5" />
        <path
          d={`M${LEFT} ${DESTINATION}H${RIGHT}`}
          stroke="var(--line-3)"
          strokeWidth="1.5"
          strokeDasharray={unseen ? '4 4' : undefined}
        />
        {failed ? (
          <Failed connection={connection} />
        ) : (
          <>
            <rect x={LEFT - 1} y={SOURCE - 5} width={HANDSHAKE / 1.5 + 2} height="10" rx="2" fill={NET} />
            <Segment from={[LEFT, SOURCE]} to={[LEFT + HANDSHAKE / 3, DESTINATION]} colour={NET} />
            <Segment
              from={[LEFT + HANDSHAKE / 3, DESTINATION]}
              to={[LEFT + HANDSHAKE / 1.5, SOURCE]}
              colour={NET}
            />
            <Segment from={[LEFT + HANDSHAKE / 1.5, SOURCE]} to={[start, DESTINATION]} colour={NET} />
            <text x={LEFT - 1} y={SOURCE - 13} className="t2-fill">
              connect {formatDuration(connection.connectUs)}
            </text>
            <text x={middle} y={SOURCE + 26} textAnchor="middle" className="t2-fill">
              {formatBytes(sentBytes)} sent, {formatBytes(receivedBytes)} received
            </text>
            <text
              x={middle}
              y={SOURCE + 43}
              textAnchor="middle"
              className={(resent ?? 0) > 0 ? 'warn-fill' : 't3-fill'}
            >
              {(resent ?? 0) > 0 ? `${plural(resent ?? 0, 'segment')} sent again` : 'nothing sent again'}
            </text>
            <End connection={connection} />
          </>
        )}
        <text x={RIGHT} y={SOURCE - 13} textAnchor="end" className="t3-fill">
          {connection.state === 'open' ? 'still open' : failed ? '' : reasonWords(connection.reason)}
        </text>
        <text x={middle} y={DESTINATION + 20} textAnchor="middle" className="t3-fill">
          {unseen
            ? 'this end has not reported'
            : failed
              ? ''
              : `open for ${formatDuration(connection.lifetimeUs)}, not to scale`}
        </text>
      </svg>
    </div>
  );
}
