// SPDX-License-Identifier: Apache-2.0
// curl: all requests in one process, which keeps its connection.
import { answerOf, failureOf, fieldsOf, urlOf } from './answers.mjs';

/** Before and after what is told of one transfer; no backend says it. */
const MARK = '\u001e';
const TOLD = `${MARK}%{http_code}${MARK}%{num_connects}${MARK}%{errormsg}${MARK}\\n`;

/** @type {import('./index.mjs').Client} */
export async function curl(mesh, authority, requests) {
  const transfers = await curlTransfers(mesh, authority, requests);
  return transfers.map(({ answer }) => answer);
}

/** The same, with how many connections each request needed: 0 when it went by the last one's. */
export async function curlTransfers(mesh, authority, requests) {
  const parameters = requests.flatMap((request, index) => [
    ...(index > 0 ? ['--next'] : []),
    ...['--globoff', '--silent', '--max-time', '60', '--write-out', TOLD],
    ...(request.method === 'POST' ? ['--data', 'anything'] : ['--request', request.method]),
    ...fieldsOf(request).flatMap((field) => ['--header', field]),
    urlOf(authority, request),
  ]);
  const { stdout, stderr } = await mesh.run('curl', parameters);
  const told = stdout.split(`${MARK}\n`).slice(0, -1);
  if (told.length !== requests.length) throw new Error(`curl told of ${told.length} requests: ${stderr}`);
  return told.map((text) => {
    const [body, status, connections, error] = text.split(MARK);
    const answer = status === '000' ? failureOf(error) : answerOf(status, body);
    return { answer, connections: Number(connections) };
  });
}
