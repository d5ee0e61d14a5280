// SPDX-License-Identifier: Apache-2.0
// Node.js, by fetch and by http.Agent with keep-alive. See node-requests.mjs, which runs as the client.
import { fileURLToPath } from 'node:url';
import { answerOf, failureOf, urlOf } from './answers.mjs';

const program = fileURLToPath(new URL('./node-requests.mjs', import.meta.url));

/** @type {import('./index.mjs').Client} */
export const nodeFetch = (mesh, authority, requests) =>
  told(mesh, [process.execPath, program, 'fetch'], { authority, requests });

/** @type {import('./index.mjs').Client} */
export const nodeAgent = (mesh, authority, requests) =>
  told(mesh, [process.execPath, program, 'agent'], { authority, requests });

/**
 * Runs a client that takes requests as JSON and tells of each in a line of JSON: its status and body, or its error.
 * @param {string[]} command
 */
export async function told(mesh, [program, ...parameters], { authority, requests }) {
  const plan = requests.map((request) => ({ ...request, url: urlOf(authority, request) }));
  const { stdout, stderr } = await mesh.run(program, [...parameters, JSON.stringify(plan)]);
  const lines = stdout.split('\n').filter(Boolean);
  if (lines.length !== requests.length)
    throw new Error(`${program} told of ${lines.length} requests: ${stderr}`);
  return lines.map((line) => {
    const { status, body, error } = JSON.parse(line);
    return error === undefined ? answerOf(status, body) : failureOf(error);
  });
}
