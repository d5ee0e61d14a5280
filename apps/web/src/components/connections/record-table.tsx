// SPDX-License-Identifier: Apache-2.0
import type { ConnectionDetail, EndRecord, Peer } from '@undermesh/schema';
import { Fragment, type ReactNode } from 'react';
import { ABSENT, formatDuration, formatNumber, NBSP } from '@/domain/format';
import { reasonWords } from '@/domain/words';

type Ends = readonly [EndRecord | null, EndRecord | null];
interface Row {
  name: string;
  source: ReactNode;
  destination: ReactNode;
}

const mono = (text: string): ReactNode => <span className="mono">{text}</span>;
const both = (name: string, [source, destination]: Ends, show: (end: EndRecord) => ReactNode): Row => ({
  name,
  source: source === null ? null : show(source),
  destination: destination === null ? null : show(destination),
});
const shortId = (id: string): string => (id.length > 10 ? `${id.slice(0, 4)}…${id.slice(-2)}` : id);
const withPort = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
/** A connect that the mesh refused had no port yet, and its service is on no node. */
const place = ({ address, port }: Peer): string => (port === 0 ? ABSENT : withPort(address, port));
const nodeOf = ({ node, kind }: Peer): string => node ?? (kind === 'service' ? ABSENT : 'outside');
const process = (peer: Peer): ReactNode =>
  peer.process === null ? null : mono(`${peer.process}${peer.pid === null ? '' : ` ${peer.pid}`}`);
const workload = (peer: Peer): ReactNode => (
  <>
    {peer.workload}
    {peer.version !== null && <span className="t3"> {peer.version}</span>}
  </>
);

const groupsOf = ({ connection, ends }: ConnectionDetail): { name: string | null; rows: Row[] }[] => {
  const pair: Ends = [ends.source, ends.destination];
  const { source, destination, askedFor, service } = connection;
  return [
    {
      name: null,
      rows: [
        { name: 'Workload', source: workload(source), destination: workload(destination) },
        { name: 'Namespace', source: source.namespace, destination: destination.namespace },
        { name: 'Node', source: nodeOf(source), destination: nodeOf(destination) },
        {
          name: 'Address',
          source: mono(place(source)),
          destination: mono(place(destination)),
        },
        ...(askedFor === null
          ? []
          : [
              { name: 'Asked for', source: mono(withPort(askedFor.address, askedFor.port)), destination: '' },
            ]),
        ...(service === null
          ? []
          : [{ name: 'Service', source: `${service.namespace}/${service.name}`, destination: '' }]),
        { name: 'Process', source: process(source), destination: process(destination) },
      ],
    },
    {
      name: 'Bytes',
      rows: [
        both('Sent', pair, (end) => formatNumber(end.sentBytes)),
        both('Received', pair, (end) => formatNumber(end.receivedBytes)),
        both('Sent again', pair, (end) =>
          end.retransmittedBytes === 0 ? '0' : `${formatNumber(end.retransmittedBytes)}${NBSP}bytes`,
        ),
      ],
    },
    {
      name: 'Network',
      rows: [
        both('Connect', pair, (end) => formatDuration(end.connectUs)),
        both('Smoothed round trip', pair, (end) =>
          end.smoothedRoundTripUs === null
            ? ABSENT
            : `${formatDuration(end.smoothedRoundTripUs)}, least ${formatDuration(end.minimumRoundTripUs)}`,
        ),
        both(
          'Segments',
          pair,
          (end) => `${formatNumber(end.segmentsSent)} out, ${formatNumber(end.segmentsReceived)} in`,
        ),
        both(
          'Lost, sent again',
          pair,
          (end) => `${formatNumber(end.lostSegments)}, ${formatNumber(end.retransmittedSegments)}`,
        ),
      ],
    },
    {
      name: 'Record',
      rows: [
        both('Says', pair, (end) =>
          end.reason === null ? end.event : `${end.event}, ${reasonWords(end.reason)}`,
        ),
        both('Joined by', pair, (end) => (end.clientIsn === null ? ABSENT : mono(`ISN ${end.clientIsn}`))),
        both('Stream, frame', pair, (end) => mono(`${shortId(end.streamId)} / ${end.frameSequence}`)),
        both('Socket', pair, (end) => mono(end.socketCookie)),
        both('Flags', pair, (end) =>
          end.flags.length === 0 ? ABSENT : end.flags.join(', ').replaceAll('_', ' '),
        ),
      ],
    },
  ];
};

/** Source and destination side by side. What an end did not report is a dash. */
export function RecordTable({ detail }: { detail: ConnectionDetail }) {
  const cell = (value: ReactNode): ReactNode =>
    value === null ? <span className="t3">{ABSENT}</span> : value;
  return (
    <table className="table record" aria-label="Both ends">
      <thead>
        <tr>
          <th scope="col">
            <span className="visually-hidden">Field</span>
          </th>
          <th scope="col">Source</th>
          <th scope="col">Destination</th>
        </tr>
      </thead>
      <tbody>
        {groupsOf(detail).map((group) => (
          <Fragment key={group.name ?? 'peers'}>
            {group.name !== null && (
              <tr className="group">
                <th scope="colgroup" colSpan={3}>
                  {group.name}
                </th>
              </tr>
            )}
            {group.rows.map((row) => (
              <tr key={row.name}>
                <th scope="row">{row.name}</th>
                <td>{cell(row.source)}</td>
                <td>{cell(row.destination)}</td>
              </tr>
            ))}
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}
