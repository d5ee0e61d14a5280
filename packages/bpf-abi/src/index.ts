// SPDX-License-Identifier: Apache-2.0
export * from './abi.generated.js';
export { RecordColumns } from './columns.js';
