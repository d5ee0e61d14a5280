// SPDX-License-Identifier: Apache-2.0

export * from './http-precedence.js';
export { ManifestSource, type ManifestSourceOptions } from './manifests/manifest-source.js';
export * from './model.js';
export * from './problem.js';
export * from './source.js';
