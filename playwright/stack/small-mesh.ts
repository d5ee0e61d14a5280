// SPDX-License-Identifier: Apache-2.0

import { buildLoad, loadParameters, startLoadServer } from '../../tools/testbed/load.mjs';
import { joinByBridge } from '../../tools/testbed/namespaces.mjs';
import { Road } from '../../tools/testbed/road.mjs';
import { nameOf } from './name.ts';

const SERVER = '10.78.2.1';
const PORT = 9000;
/** More than any test takes, at {@link RATE}. */
const CONNECTIONS = 1_000_000;
const RATE = 20;

/** A collector, two nodes and one edge: small enough to be stopped and started in parts. */
export class SmallMesh {
  readonly road: Road;
  readonly #places: Record<'left' | 'right', string>;

  /** Starts the collector alone. */
  static async open(): Promise<SmallMesh> {
    const road = await Road.create(nameOf('states'));
    try {
      const { testbed } = road;
      const [fabric, left, right] = ['fabric', 'left', 'right'].map((name) => testbed.namespace(name));
      joinByBridge(fabric ?? '', [
        { namespace: left ?? '', addresses: ['10.78.1.1/16'] },
        { namespace: right ?? '', addresses: [`${SERVER}/16`] },
      ]);
      await road.startCollector();
      return new SmallMesh(road, { left: left ?? '', right: right ?? '' });
    } catch (error) {
      await road.destroy();
      throw error;
    }
  }

  private constructor(road: Road, places: Record<'left' | 'right', string>) {
    this.road = road;
    this.#places = places;
  }

  get url(): string {
    return this.road.url;
  }

  async startAgents(): Promise<void> {
    await this.road.startAgent('left');
    await this.road.startAgent('right');
  }

  /** The collector again, where it was. */
  async startCollector(): Promise<void> {
    await this.road.startCollector({ config: { listen: { port: Number(new URL(this.url).port) } } });
  }

  /** Connections from now on, until the mesh is closed. */
  async startLoad(): Promise<void> {
    const { testbed } = this.road;
    const right = { namespace: this.#places.right, cgroup: testbed.cgroup('right/shop/server') };
    await startLoadServer(testbed, { address: SERVER, port: PORT }, right);
    const options = { address: SERVER, port: PORT, connections: CONNECTIONS, rate: RATE, concurrency: 8 };
    testbed.spawn(buildLoad(), loadParameters('client', options), {
      namespace: this.#places.left,
      cgroup: testbed.cgroup('left/shop/client'),
      stdio: 'ignore',
    });
  }

  close(): Promise<void> {
    return this.road.destroy();
  }
}
