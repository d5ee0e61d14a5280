// SPDX-License-Identifier: Apache-2.0

/** What runs while something happens: 1,000 connections that carry messages, requests, a probe every millisecond. */
export const fullLoad = { lasting: 1000, messageMs: 50, requestsPerS: 2000, probesPerS: 1000 };
