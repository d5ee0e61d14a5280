// SPDX-License-Identifier: Apache-2.0
// What follows and writes objects of a cluster, without the mesh that is made of them.
export { type ClusterAccess, openAccess } from './access.js';
export { ClusterConnection, ClusterError, type Query } from './connection.js';
export { PATIENCE, type Patience, Reflector } from './reflector.js';
export { pathOf, type Resource } from './resources.js';
export { type ClusterObject, clusterObjectOf, Shelf } from './shelf.js';
