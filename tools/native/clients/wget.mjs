// SPDX-License-Identifier: Apache-2.0
// wget: a process for each request.
import { answerOf, failureOf, fieldsOf, urlOf } from './answers.mjs';

/** @type {import('./index.mjs').Client} */
export async function wget(mesh, authority, requests) {
  const answers = [];
  for (const request of requests) {
    const { code, stdout, stderr } = await mesh.run('wget', [
      ...['--no-config', '--tries=1', '--timeout=60', '--output-document=-'],
      ...(request.method === 'POST' ? ['--post-data=anything'] : [`--method=${request.method}`]),
      ...fieldsOf(request).map((field) => `--header=${field}`),
      urlOf(authority, request),
    ]);
    answers.push(code === 0 ? answerOf(200, stdout) : failureOf(stderr));
  }
  return answers;
}
