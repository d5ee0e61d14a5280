// SPDX-License-Identifier: Apache-2.0
// What clients ask for, and who must answer: the routes of manifests.mjs as one who reads the Gateway API expects them.

/** The answer to a request that a route rejects: the send fails with ECONNREFUSED. */
export const REFUSED = 'refused';

/**
 * @typedef {{ what: string, method: string, path: string, headers: Record<string, string>, answer: string }} Request
 *   `answer`: the name of the backend, or {@link REFUSED}
 */
const request = (what, answer, { method = 'GET', path = '/', headers = {} } = {}) => ({
  what,
  method,
  path,
  headers,
  answer,
});

/** Of the service `front`. @type {Request[]} */
export const routed = [
  request('any path', 'a'),
  request('exact path', 'b', { path: '/exact' }),
  request('more than an exact path', 'a', { path: '/exact/more' }),
  request('prefix itself', 'c', { path: '/shop' }),
  request('below a prefix', 'c', { path: '/shop/books' }),
  request('a path that only begins like a prefix', 'a', { path: '/shopping' }),
  request('the longer of two prefixes', 'd', { path: '/shop/cart/7' }),
  request('method', 'e', { path: '/shop', method: 'POST' }),
  request('header', 'f', { headers: { 'X-EDITION': 'preview' } }),
  request('header with another value', 'a', { headers: { 'X-Edition': 'previews' } }),
  request('a path before a header', 'b', { path: '/exact', headers: { 'X-Edition': 'preview' } }),
  request('query', 'g', { path: '/?size=1&color=red' }),
  request('query with another value', 'a', { path: '/?color=reddish' }),
  request('prefix of a header', 'h', { headers: { 'X-Channel': 'beta-7' } }),
  request('header that lacks it', 'a', { headers: { 'X-Channel': 'alpha-beta-7' } }),
];

/** The same, of a rule without a backend. */
export const rejected = [request('a rule that rejects', REFUSED, { path: '/nowhere' })];

/** Of the service `strict`, whose routes do not take every path. */
export const unmatched = [
  request('what a route takes', 'a', { path: '/known/well' }),
  request('what no route takes', REFUSED, { path: '/other' }),
];

/** Of the service `hosts`, whose waypoint has routes by host. */
export const byHost = [
  request('host', 'a', { headers: { Host: 'one.example' } }),
  request('host with a port, in other letters', 'a', { headers: { Host: 'ONE.example:80' } }),
  request('suffix of a host', 'b', { headers: { Host: 'two.example' } }),
  request('the longer of two suffixes', 'c', { headers: { Host: 'x.shop.example' } }),
  request('a host that no route names', 'hosts', { headers: { Host: 'elsewhere.test' } }),
];
