// SPDX-License-Identifier: Apache-2.0
// Debian's Python with requests: a session, which keeps its connection.
import { fileURLToPath } from 'node:url';
import { told } from './node.mjs';

const program = fileURLToPath(new URL('./requests_session.py', import.meta.url));

/** @type {import('./index.mjs').Client} */
export const pythonRequests = (mesh, authority, requests) =>
  told(mesh, ['/usr/bin/python3', program], { authority, requests });
