// SPDX-License-Identifier: Apache-2.0
import type { Connection, ConnectionsQuery } from '@undermesh/schema';
import type { Client } from '../api/client.js';
import { follow } from '../api/live.js';
import type { Output } from '../options.js';
import { headerLine, layoutOf, rowLine } from '../output/table.js';
import type { Terminal } from '../output/terminal.js';
import { connectionColumns } from '../words/connection-columns.js';
import { formatNumber } from '../words/figures.js';

export interface FollowOptions {
  readonly terminal: Terminal;
  readonly output: Output;
  readonly query: ConnectionsQuery;
  /** Connections after which to stop; `null`: go on until interrupted. */
  readonly limit: number | null;
}

/** What was left out is said this long after it began, once for all of it. */
const SKIPPED_AFTER_MS = 1000;

/** Prints connections as they open, end and fail: rows, or one JSON object a line. Remarks go to standard error. */
export async function followConnections(client: Client, options: FollowOptions): Promise<void> {
  const { terminal, query, limit } = options;
  const skipped = new SkippedNote(terminal);
  const printer = options.output === 'json' ? jsonPrinter(terminal) : rowPrinter(terminal);
  let left = limit ?? Number.POSITIVE_INFINITY;
  try {
    for await (const event of follow(client.access, query)) {
      switch (event.type) {
        case 'connections':
          printer.print(event.items.slice(0, left));
          left -= event.items.length;
          skipped.add(event.skipped);
          if (left <= 0) return;
          break;
        case 'interrupted':
          remark(terminal, `${event.reason.replace(/\.$/, '')}; trying again in ${event.retrySeconds} s`);
          break;
        case 'opened':
          if (event.isFirst) printer.begin();
          else remark(terminal, 'the collector is back; what happened in between is not shown');
          break;
      }
    }
  } finally {
    skipped.flush();
  }
}

const remark = (terminal: Terminal, text: string): void =>
  terminal.note([{ text: `… ${text}`, style: 'yellow' }]);

interface Printer {
  /** Prints what stands above everything. */
  begin(): void;
  print(items: readonly Connection[]): void;
}

const jsonPrinter = (terminal: Terminal): Printer => ({
  begin: () => {},
  print: (items) => terminal.write(items.map((item) => `${JSON.stringify(item)}\n`).join('')),
});

/** Rows whose columns grow with what comes, but never shrink: columns that do not fit at first are left out for good. */
function rowPrinter(terminal: Terminal): Printer {
  const all = connectionColumns(Date.now());
  let layout = layoutOf(all, [], { width: terminal.columns, least: all.map(({ typical = 0 }) => typical) });
  const shown = new Set(layout.columns.map(({ header }) => header));
  return {
    begin: () => terminal.print([headerLine(layout)]),
    print(items) {
      const columns = connectionColumns(Date.now()).filter(({ header }) => shown.has(header));
      layout = layoutOf(columns, items, { width: terminal.columns, least: layout.widths });
      terminal.print(items.map((item) => rowLine(layout, item)));
    },
  };
}

/** Says how many connections the collector left out. */
class SkippedNote {
  readonly #terminal: Terminal;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  add(count: number): void {
    if (count === 0) return;
    this.#count += count;
    this.#timer ??= setTimeout(() => this.flush(), SKIPPED_AFTER_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#count === 0) return;
    remark(
      this.#terminal,
      `${formatNumber(this.#count)} more not shown: too many at once. A filter shows all of few.`,
    );
    this.#count = 0;
  }
}
