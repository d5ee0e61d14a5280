// SPDX-License-Identifier: Apache-2.0

/** Rows of a DuckDB row group: a transaction that adds whole ones bypasses the log and is compressed once. */
export const ROW_GROUP_ROWS = 122_880;
