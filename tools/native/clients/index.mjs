// SPDX-License-Identifier: Apache-2.0
// HTTP clients that nobody adapted. wrk, which counts and does not show, is asked in a case of its own.
import { curl } from './curl.mjs';
import { nodeAgent, nodeFetch } from './node.mjs';
import { haproxy, nginxProxy } from './proxies.mjs';
import { pythonRequests } from './python.mjs';
import { wget } from './wget.mjs';

/**
 * Makes requests one after the other.
 * @callback Client
 * @param {import('../mesh.mjs').NativeMesh} mesh
 * @param {string} authority of the URL: `10.98.0.10`, `[fd98::10]`
 * @param {import('../requests.mjs').Request[]} requests
 * @returns {Promise<string[]>} who answered each, see answers.mjs
 */

/** @type {Record<string, Client>} */
export const clients = {
  curl,
  wget,
  'Node.js fetch': nodeFetch,
  'Node.js http.Agent': nodeAgent,
  'Python requests': pythonRequests,
  'nginx proxy_pass': nginxProxy,
  HAProxy: haproxy,
};
