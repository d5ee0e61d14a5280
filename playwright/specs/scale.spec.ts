// SPDX-License-Identifier: Apache-2.0
// As much as the topology draws: 300 vertices, 1,000 edges, reported over the real protocol.
import { TopologyPage } from '../pages/topology-page.ts';
import { expect, withStack } from '../stack/fixtures.ts';
import { LargeMesh } from '../stack/large-mesh.ts';
import { figure, slowness } from '../stack/patience.ts';

const VERTICES = 300;
const EDGES = 1000;
/** DESIGN.md section 10. */
const BUDGET_MS = 2000;
const PAN_MS = 2500;

const test = withStack(() => LargeMesh.open(VERTICES, EDGES));

test(`the first graph of ${VERTICES} vertices and ${EDGES} edges, and panning it`, async ({ page, mesh }) => {
  const topology = new TopologyPage(page);
  await expect
    .poll(async () => {
      const { vertices, edges } = await mesh.road.api('topology?window=300');
      return [vertices.length, edges.length];
    })
    .toEqual([VERTICES, EDGES]);

  await page.addInitScript(() => {
    const watch = new MutationObserver(() => {
      if (document.querySelector('[data-testid=topology-canvas][data-drawn=true]') === null) return;
      watch.disconnect();
      requestAnimationFrame(() => performance.mark('first-graph'));
    });
    watch.observe(document, { subtree: true, childList: true, attributes: true });
  });
  await page.goto(topology.address({ window: 300 }));
  await topology.isDrawn();
  const firstMs = await page.evaluate(
    () => performance.getEntriesByName('first-graph')[0]?.startTime ?? Infinity,
  );
  figure('first graph', `${Math.round(firstMs)} ms, budget ${BUDGET_MS} ms`);
  expect(firstMs).toBeLessThan(3 * BUDGET_MS * slowness());

  await topology.isListed(VERTICES);
  await expect(topology.edges).toHaveCount(EDGES);
  const positions = await topology.positions();
  expect(new Set(Object.values(positions)).size).toBe(VERTICES);
  const texts = async () => String(await topology.edges.allTextContents());
  const figures = await texts();
  await expect.poll(texts, { message: 'new figures' }).not.toBe(figures);
  expect(await topology.positions()).toEqual(positions);

  const { width, height } = (await topology.canvas.boundingBox()) ?? { width: 0, height: 0 };
  await topology.canvas.hover({ position: { x: width / 2, y: height / 2 } });
  await page.mouse.down();
  await page.evaluate(() => {
    const frames: number[] = [];
    Object.assign(window, { frameTimes: frames });
    const count = (at: number): void => {
      frames.push(at);
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  });
  const start = performance.now();
  for (let step = 0; performance.now() - start < PAN_MS; step++) {
    const turn = step / 12;
    await page.mouse.move(width / 2 + 160 * Math.sin(turn), height / 2 + 48 + 90 * Math.cos(turn));
  }
  const frames = await page.evaluate(() => Reflect.get(window, 'frameTimes') as number[]);
  await page.mouse.up();
  const fps = (frames.length - 1) / (((frames.at(-1) ?? 0) - (frames[0] ?? 0)) / 1000);
  figure('pan', `${fps.toFixed(0)} frames/s`);
  expect(fps).toBeGreaterThan(5);
  expect(await topology.positions()).toEqual(positions);
  expect(await topology.colours()).toBeGreaterThan(10);
});
