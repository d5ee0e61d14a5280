// SPDX-License-Identifier: Apache-2.0
import type { Budget } from './bench.js';
import { BUDGETS } from './budgets.js';
import { HTTP_PORT, type HttpLoad, type HttpRun, startHttpLoad } from './http-load.js';
import { startHttpProxy } from './http-proxy.js';
import { KIB_PATH, type Running } from './nginx.js';
import { NodeClient } from './node-http.js';
import type { Place, Testbed } from './testbed.js';
import { untilItAnswers } from './until.js';

/** One workload that is measured with and without observing. */
export interface Workload {
  /** What one request is. */
  readonly what: string;
  /** Whether the agent reads HTTP, as it does by default. */
  readonly http: boolean;
  readonly budget: Budget | undefined;
  /** Whether programs that do nothing are measured on the same hooks as well: what no hook there can undercut. */
  readonly floor?: boolean;
  run(loads: Loads, seconds: number): Promise<HttpRun>;
}

const KEPT = 'request over a kept connection';
const SHORT = 'short connection with one request';
const LOOPBACK = '127.0.0.1';
const NGINX = { address: LOOPBACK, port: HTTP_PORT } as const;
const PROXY = { address: LOOPBACK, port: 9001 } as const;
const urlOf = ({ address, port }: typeof NGINX | typeof PROXY): string => `http://${address}:${port}`;

/**
 * nginx answers from memory and wrk reads next to nothing of it: no request is cheaper, and no share of ours larger. By way
 * of a proxy there is more on both sides: twice the connections and ends, and a program that does some work for each
 * request. Node's http.Agent is a client as services have it; both ends of Node are in observe-services.ts.
 */
export const WORKLOADS: readonly Workload[] = [
  {
    what: KEPT,
    http: false,
    budget: BUDGETS.keepAlive,
    run: ({ wrk }, seconds) => wrk.run('keep-alive', seconds),
  },
  {
    what: `${KEPT}, with HTTP`,
    http: true,
    budget: BUDGETS.keepAliveHttp,
    floor: true,
    run: ({ wrk }, seconds) => wrk.run('keep-alive', seconds),
  },
  {
    what: 'request by way of HAProxy, two kept connections, with HTTP',
    http: true,
    budget: BUDGETS.keepAliveHttp,
    run: ({ wrk }, seconds) => wrk.run('keep-alive', seconds, `${urlOf(PROXY)}/`),
  },
  {
    what: "request of Node's http.Agent to nginx, 1 KiB, with HTTP",
    http: true,
    budget: BUDGETS.keepAliveHttp,
    run: ({ toNginx }, seconds) => toNginx.run(seconds),
  },
  {
    what: SHORT,
    http: false,
    budget: BUDGETS.shortConnection,
    run: ({ wrk }, seconds) => wrk.run('short', seconds),
  },
  {
    what: `${SHORT}, with HTTP`,
    http: true,
    budget: undefined,
    run: ({ wrk }, seconds) => wrk.run('short', seconds),
  },
];

/** Everything that workloads ask and are answered by. */
export interface Loads extends Running {
  readonly wrk: HttpLoad;
  readonly toNginx: NodeClient;
}

/** Starts it all in `place` and waits until it answers. */
export async function startLoads(testbed: Testbed, place: Place): Promise<Loads> {
  const running: Running[] = [];
  const started = <T extends Running>(one: T): T => {
    running.unshift(one);
    return one;
  };
  const stop = async (): Promise<void> => {
    for (const one of running) await one.stop();
  };
  try {
    const wrk = started(await startHttpLoad(testbed, place));
    started(startHttpProxy(testbed, { listen: PROXY, to: NGINX }, place));
    const toNginx = started(new NodeClient(testbed, `${urlOf(NGINX)}${KIB_PATH}`, place));
    await untilItAnswers(() => wrk.run('keep-alive', 1, `${urlOf(PROXY)}/`));
    await untilItAnswers(() => toNginx.run(1));
    return { wrk, toNginx, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
