// SPDX-License-Identifier: Apache-2.0
// What clients tell of an answer, in one form: the name of the backend, that the request was refused, or what else happened.
import { REFUSED } from '../requests.mjs';

/** The backend says its name in the first word. */
export function answerOf(status, body) {
  return Number(status) === 200 ? body.trim().split(' ')[0] : `status ${status}`;
}

/** Why there is none. @param {string} text in the client's own words, or the name of an errno */
export function failureOf(text) {
  return /ECONNREFUSED|connection refused/i.test(text) ? REFUSED : `failed: ${text.trim().slice(-200)}`;
}

/** Of a request for a service. @param {string} authority as in a URL */
export const urlOf = (authority, { path }) => `http://${authority}${path}`;

/** Fields in the form `Name: value`. */
export const fieldsOf = ({ headers }) => Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
