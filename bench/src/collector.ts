// SPDX-License-Identifier: Apache-2.0
// How much a collector takes: its code alone, and a whole one that stores and is queried.
import { measureAggregate } from './aggregate-rate.js';
import { type Benchmark, type Mode, type Row, row } from './bench.js';
import { BUDGETS } from './budgets.js';
import { measureDurableIngest } from './durable-ingest.js';
import { FRAME_BYTES, RECORDS_PER_FRAME } from './record-frames.js';
import { measureSocket } from './socket-rate.js';
import type { Estimate } from './statistics.js';
import { type Testbed, withTestbed } from './testbed.js';

/** From ns per record to records per second, in millions. */
const millions = ({ value, low, high }: Estimate): Estimate => ({
  value: 1_000 / value,
  low: 1_000 / high,
  high: 1_000 / low,
});

const thousands = ({ value, low, high }: Estimate): Estimate => ({
  value: value / 1_000,
  low: low / 1_000,
  high: high / 1_000,
});

async function rateRows(testbed: Testbed, mode: Mode): Promise<Row[]> {
  mode.say('frames into the aggregates, and the same records as JSON');
  const { aggregated, json, jsonBytes } = measureAggregate(mode.quick ? 12 : 40);
  mode.say('bytes off a socket');
  const socket = await measureSocket(testbed, mode.quick ? 2 : 8);
  return [
    row('decode, check, join and aggregate, per core', 'M records/s', millions(aggregated), {
      budget: BUDGETS.aggregate,
      note: 'from frames in memory, both ends of a connection next to each other, 256 edges',
    }),
    row('JSON.parse of the same records, per core', 'M records/s', millions(json), {
      note: `${Math.round(jsonBytes)} bytes of JSON each`,
    }),
    row('a socket read and nothing else, per core', 'M records/s', millions(socket), {
      note: 'the ceiling of any collector on Node.js, CPU time of the reader',
    }),
    { what: 'aggregate ÷ JSON.parse', value: json.value / aggregated.value, unit: '×' },
    { what: 'aggregate ÷ socket', value: socket.value / aggregated.value, unit: '×' },
  ];
}

async function durableRows(testbed: Testbed, mode: Mode): Promise<Row[]> {
  const seconds = mode.quick ? 5 : 30;
  mode.say(`a whole collector, ${seconds} s at each pace`);
  const withinMs = BUDGETS.topology.limit;
  const result = await measureDurableIngest(testbed, { seconds, withinMs });
  const { most, within } = result;
  const stored = `${(result.records / 1e6).toFixed(1)} M records stored`;
  return [
    row('durable in DuckDB, queried once a second', 'k records/s', thousands(most.perSecond), {
      budget: BUDGETS.durable,
      note: 'one agent that sends as fast as it may runs on the same CPUs; acknowledged means durable',
    }),
    { what: 'CPU of the collector per record, all threads', value: result.cpuUs, unit: 'µs' },
    row('topology of 15 minutes, once a second during that, p50', 'ms', most.queryMs.p50, {
      budget: BUDGETS.topology,
    }),
    row('topology of 15 minutes, once a second during that, p99', 'ms', most.queryMs.p99, {
      budget: BUDGETS.topology,
      note: `${seconds} queries`,
    }),
    ...(within === undefined
      ? []
      : [
          row(`durable with that p99 within ${withinMs} ms`, 'k records/s', thousands(within.perSecond), {
            note: `the agent sends ${within.share * 100} % of what was taken above`,
          }),
          row('topology of 15 minutes, once a second during that pace, p50', 'ms', within.queryMs.p50),
          row('topology of 15 minutes, once a second during that pace, p99', 'ms', within.queryMs.p99, {
            budget: BUDGETS.topology,
            note: `${seconds} queries`,
          }),
        ]),
    row('topology of 15 minutes, at rest', 'ms', result.restingQueryMs, {
      budget: BUDGETS.topology,
      note: stored,
    }),
    {
      what: 'on the wire, per record',
      value: FRAME_BYTES / RECORDS_PER_FRAME,
      unit: 'bytes',
      note: 'a full frame; WebSocket headers are 14 bytes per frame',
    },
    {
      what: 'on disk, per record',
      value: result.diskBytesPerRecord,
      unit: 'bytes',
      note: `after a clean stop, ${stored}`,
    },
  ];
}

/** Budget rows 10 and 11 of the design. */
export const collector: Benchmark = {
  name: 'collector',
  title: 'Collector: aggregating, storing, answering',
  run: (mode) =>
    withTestbed('collector', async (testbed) => [
      ...(await rateRows(testbed, mode)),
      ...(await durableRows(testbed, mode)),
    ]),
};
