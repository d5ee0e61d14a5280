// SPDX-License-Identifier: Apache-2.0
import type { Node } from '@undermesh/schema';
import { ABSENT, formatCompact, formatNumber, formatRate, formatShare } from '@/domain/format';
import { lostTotal, nodeState } from '@/domain/nodes';
import type { Column } from '../data-table';
import { EngineState } from '../engine-state';
import { Status } from '../glyph';

const absent = <span className="t3">{ABSENT}</span>;

/** Columns of the node list. `now`: the collector's clock, for ages of silence. */
export const nodeColumns = (now: string | null): Column<Node>[] => [
  { id: 'node', header: 'Node', className: 'medium', render: (node) => node.name },
  {
    id: 'state',
    header: 'Agent',
    render: (node) => {
      const { kind, text } = nodeState(node, now);
      return (
        <Status kind={kind} quiet={kind === 'ok'}>
          {text}
        </Status>
      );
    },
  },
  {
    id: 'engine',
    header: 'Engine',
    render: (node) => <EngineState engine={node.engine} now={now} />,
  },
  { id: 'kernel', header: 'Kernel', className: 't2', render: (node) => node.kernel?.release ?? absent },
  { id: 'version', header: 'Version', className: 't2', render: (node) => node.agent?.version ?? absent },
  {
    id: 'open',
    header: 'Open',
    numeric: true,
    render: (node) => (node.connections.open === null ? absent : formatNumber(node.connections.open)),
  },
  {
    id: 'rate',
    header: 'Opened /s',
    numeric: true,
    render: (node) =>
      node.connections.openedPerSecond === null ? absent : formatRate(node.connections.openedPerSecond),
  },
  { id: 'made', header: 'Records made', numeric: true, render: (node) => formatCompact(node.records.made) },
  {
    id: 'waiting',
    header: 'Waiting',
    numeric: true,
    className: 't2',
    render: (node) => formatCompact(node.records.waiting),
  },
  {
    id: 'lost',
    header: 'Lost',
    numeric: true,
    render: (node) => {
      const lost = lostTotal(node);
      return <span className={lost > 0 ? 'warn medium' : 't2'}>{formatNumber(lost)}</span>;
    },
  },
  {
    id: 'agent',
    header: 'Agent CPU',
    numeric: true,
    render: (node) => (node.agent?.cpuShare == null ? absent : formatShare(node.agent.cpuShare)),
  },
  {
    id: 'bpf',
    header: 'eBPF CPU',
    numeric: true,
    render: (node) => (node.bpfCpuShare === null ? absent : formatShare(node.bpfCpuShare)),
  },
];
