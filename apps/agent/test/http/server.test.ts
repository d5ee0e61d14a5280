// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, it } from 'vitest';
import { AgentMetrics, type AgentSnapshot } from '../../src/http/metrics.js';
import { createHttp, listen } from '../../src/http/server.js';

const snapshot: AgentSnapshot = {
  legs: undefined,
  ledger: { made: 12, acknowledged: 6, waiting: 3, unread: 1, lost: { ring_full: 1, agent_memory: 2 } },
  counts: {
    endsEmitted: 11,
    endsLostRingFull: 1,
    openedEmitted: 4,
    progressEmitted: 5,
    deferred: 0,
    storageFailed: 0,
    connects: 7,
    establishedSource: 6,
    establishedDestination: 6,
    skippedOtherAgent: 0,
    httpRequests: 0,
    httpRequestsLost: 0,
    httpRecordsEmitted: 0,
    httpFramingLost: 0,
  },
  requests: { made: 30, acknowledged: 20, waiting: 3, unread: 1, lost: { ring_full: 7 } },
  recordsRead: 20,
  recordsDropped: 2,
  recordsSkipped: 0,
  ring: { sizeBytes: 4096, filledBytes: 200, peakFilledBytes: 400 },
  lateSeconds: 1.5,
  backlog: { frames: 1, bytes: 300, limitBytes: 1000 },
  spool: { frames: 0, bytes: 0, limitBytes: 1000, refuses: false, earlierStreams: 0 },
  uplink: { state: 'welcomed', reconnects: 1, framesSent: 9, bytesSent: 999 },
  helperErrors: [{ site: 'ring_reserve', errno: 'ENOSPC', count: 1 }],
  open: 5,
  workloads: 2,
  listeners: 1,
  hooks: [{ name: 'observe_state', attached: false }],
  maps: [],
  orders: { carriedOut: 4, refused: 2, ignored: 1 },
  mesh: undefined,
};

describe('http', () => {
  let readiness = { ready: true, reasons: [] as string[] };
  const app = createHttp({ metrics: new AgentMetrics(() => snapshot), readiness: () => readiness });
  afterEach(() => {
    readiness = { ready: true, reasons: [] };
  });

  it('serves the ledger as metrics, the same at every scrape', async () => {
    await app.inject('/metrics');
    const { body, headers } = await app.inject('/metrics');
    expect(headers['content-type']).toContain('text/plain');
    for (const line of [
      'undermesh_agent_ends_made_total 12',
      'undermesh_agent_requests_made_total 30',
      'undermesh_agent_requests_waiting 3',
      'undermesh_agent_requests_lost_total{reason="ring_full"} 7',
      'undermesh_agent_ends_acknowledged_total 6',
      'undermesh_agent_ends_waiting 3',
      'undermesh_agent_ends_lost_total{reason="ring_full"} 1',
      'undermesh_agent_ends_lost_total{reason="agent_memory"} 2',
      'undermesh_agent_orders_carried_out_total 4',
      'undermesh_agent_orders_refused_total 2',
      'undermesh_agent_orders_ignored_total 1',
      'undermesh_agent_uplink_up 1',
      'undermesh_agent_helper_errors_total{site="ring_reserve",errno="ENOSPC"} 1',
      'undermesh_agent_hook_attached{hook="observe_state"} 0',
    ]) {
      expect(body).toContain(`${line}\n`);
    }
    expect(body).toMatch(/^undermesh_agent_process_cpu_seconds_total /m);
  });

  it('tells memory by what is behind it', async () => {
    const { body } = await app.inject('/metrics');
    const bytes = (name: string): number =>
      Number(
        body
          .split('\n')
          .find((line) => line.startsWith(`undermesh_agent_${name} `))
          ?.split(' ')[1],
      );
    const [anonymous, file] = ['anonymous', 'file'].map((kind) => bytes(`resident_bytes{kind="${kind}"}`));
    expect(bytes('resident_bytes{kind="shared"}')).toBeGreaterThanOrEqual(0);
    expect(anonymous).toBeGreaterThan(bytes('heap_used_bytes') / 2);
    expect(file).toBeGreaterThan(1 << 20); // node itself
    expect(bytes('heap_bytes')).toBeGreaterThanOrEqual(bytes('heap_used_bytes'));
    expect(bytes('buffers_bytes')).toBeGreaterThan(0);
  });

  it('tells alive from ready', async () => {
    expect((await app.inject('/healthz')).statusCode).toBe(200);
    expect((await app.inject('/readyz')).statusCode).toBe(200);
    readiness = { ready: false, reasons: ['no collector'] };
    const response = await app.inject('/readyz');
    expect([response.statusCode, response.json()]).toEqual([
      503,
      { status: 'not ready', reasons: ['no collector'] },
    ]);
    expect((await app.inject('/healthz')).statusCode).toBe(200);
  });

  it('says when its port is taken', async () => {
    const port = await listen(app, { host: '127.0.0.1', port: 0 });
    const other = createHttp({ metrics: new AgentMetrics(() => snapshot), readiness: () => readiness });
    await expect(listen(other, { host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'listen_failed' });
    await app.close();
  });
});
