// SPDX-License-Identifier: Apache-2.0
import { samples } from '../../tools/testbed/metrics.mjs';
import { ConnectionsPage } from '../pages/connections-page.ts';
import { TopologyPage } from '../pages/topology-page.ts';
import { expect, test } from '../stack/fixtures.ts';
import { within } from '../stack/patience.ts';

const CONNECTIONS = 600;
const SENT = 500;
const RECEIVED = 1500;
const WINDOW = 300;
const SECONDS = 10;
/** Per second of the window: 600 connections, 300 kB out and 900 kB back in 5 minutes. */
const RATES = { opened: '2.0', received: '3.0 kB/s', sent: '1.0 kB/s', data: '4.0 kB' };

test('a service that nothing knew is on the page, in the API and in /metrics with the generator’s own figures', async ({
  page,
  mesh,
}) => {
  const topology = new TopologyPage(page);
  await topology.open({ view: 'table', window: WINDOW });
  await expect(topology.rows).not.toHaveCount(0);
  await expect(topology.row('teller', 'vault')).toHaveCount(0);

  const address = mesh.address('shop-2', 201);
  const source = mesh.address('shop-1', 201);
  const server = await mesh.serve('shop-2/savings/vault', { address, port: 9400 });
  const made = await mesh.load('shop-1/savings/teller', {
    address,
    source,
    port: 9400,
    connections: CONNECTIONS,
    concurrency: 32,
    send: SENT,
    receive: RECEIVED,
  });
  expect(made).toMatchObject({
    completed: CONNECTIONS,
    bytesSent: CONNECTIONS * SENT,
    bytesReceived: CONNECTIONS * RECEIVED,
  });

  await test.step('the API', async () => {
    await within(SECONDS, 'in the API', async () => {
      const { items } = await mesh.api('edges', { window: WINDOW, namespace: 'savings', level: 'workload' });
      expect(items).toHaveLength(1);
      expect(items[0]).toMatchObject({ sourceName: 'teller', destinationName: 'vault', seenBy: 'both' });
      expect(items[0]?.traffic).toMatchObject({
        opened: made.established,
        closed: made.completed,
        open: 0,
        sentBytes: made.bytesSent,
        receivedBytes: made.bytesReceived,
        failed: { total: 0 },
      });
    });
  });

  await test.step('the table of the topology, live', async () => {
    await within(SECONDS, 'in the topology’s table', async () => {
      expect(await topology.byColumn(topology.row('teller', 'vault'))).toMatchObject({
        Edge: 'teller to vault',
        Port: '9400',
        'Connections /s': RATES.opened,
        Failed: '0',
        Open: '0',
        'Data /s': RATES.data,
      });
    });
  });

  await test.step('/metrics, from both ends', async () => {
    await within(SECONDS, 'in /metrics', async () => {
      const text = await mesh.road.metrics();
      for (const reporter of ['source', 'destination']) {
        const value = (name: string) => {
          const labels = { reporter, source_workload: 'teller', destination_workload: 'vault' };
          return samples(text, name, labels).map((sample: { value: number }) => sample.value);
        };
        expect(value('istio_tcp_connections_opened_total')).toEqual([made.established]);
        expect(value('istio_tcp_connections_closed_total')).toEqual([made.completed]);
        expect(value('istio_tcp_received_bytes_total')).toEqual([made.bytesSent]); // in Istio's words: requests
        expect(value('istio_tcp_sent_bytes_total')).toEqual([made.bytesReceived]);
      }
    });
  });

  await test.step('the panel of its edge', async () => {
    await topology.row('teller', 'vault').click();
    await expect(topology.panel.getByRole('heading', { level: 2 })).toHaveText('teller to vault');
    await expect(topology.panelFigure('Opened')).toContainText(RATES.opened);
    await expect(topology.panelFigure('Failed')).toHaveText(/^0\s?%$/);
    await expect(topology.panelFigure('Received')).toHaveText(RATES.received);
    await expect(topology.panelFigure('Sent')).toHaveText(RATES.sent);
    await topology.tab('Connections');
    await expect(topology.panel.locator('.panel-line')).toContainText(
      `0 open·${CONNECTIONS} closed·0 failed`,
    );
  });

  await test.step('the connections page', async () => {
    const connections = new ConnectionsPage(page);
    await connections.open({ source: 'savings/teller', destination: 'savings/vault', window: WINDOW });
    await expect(connections.footer).toContainText(`${CONNECTIONS} connections match`);
    const text = ((await connections.rows.first().textContent()) ?? '').replaceAll('\u00a0', ' ');
    expect(text).toContain('teller');
    expect(text).toContain('500 B');
    expect(text).toContain('1.5 kB');
    expect(text).toContain('both ends');
  });

  await server.stop();
});
