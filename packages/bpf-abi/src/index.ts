// SPDX-License-Identifier: Apache-2.0
export * from './abi.generated.js';
export { RecordColumns } from './columns.js';
export { presentBytes, presentRecords } from './earlier.js';
export { HTTP_RECORD_SIZES, sampleRoom } from './http-records.js';
