// SPDX-License-Identifier: Apache-2.0
export { addressBytes } from './address-bytes.js';
export { type CompileOptions, compile, notExpressible, serviceNumbers } from './compile.js';
export {
  type Contents,
  flatten,
  keyBytes,
  keyText,
  MESH_MAPS,
  type MeshMap,
  newTables,
  numberKey,
  ROUTE_MAPS,
  sizeOf,
  type Table,
  type Tables,
} from './contents.js';
export { type Change, contentsDifference, difference } from './difference.js';
export { IdBook } from './id-book.js';
export type { Locality } from './locality.js';
export type { NotExpressible } from './routing.js';
export { ServiceNames } from './service-names.js';
