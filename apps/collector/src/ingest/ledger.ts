// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createLogger, replaceFile, replaceFileSync } from '@undermesh/core';
import { LOSS_REASONS, type LossCounts, type LossReason } from '@undermesh/schema';
import { Type } from 'typebox';
import Value from 'typebox/value';
import type { StreamPosition } from '../store/store.js';

const Counts = Type.Record(Type.String(), Type.Number({ minimum: 0 }));
/** What outlives a restart: the store knows what was stored, not what was made and lost. */
const LedgerFile = Type.Object({
  streams: Type.Array(
    Type.Object({
      node: Type.String(),
      stream: Type.String(),
      made: Type.Number(),
      received: Type.Number(),
      stored: Type.Optional(Type.Number()),
      reported: Counts,
      told: Type.Optional(Counts),
      own: Counts,
      ended: Type.Boolean(),
    }),
  ),
  lastSeen: Type.Record(Type.String(), Type.Number()),
  firstRecordAt: Type.Union([Type.Number(), Type.Null()]),
});

interface Account {
  readonly node: string;
  readonly stream: string;
  made: number;
  received: number;
  stored: number;
  /** As the agent says, since the stream began. */
  reported: LossCounts;
  /** As the records that follow a loss say: the same losses as reported, perhaps sooner. */
  told: LossCounts;
  /** Found here. */
  own: LossCounts;
  /** The node's agent has gone on with another stream: what did not arrive will not. */
  ended: boolean;
}

/** Ends or requests by what became of them: made = stored + all of lost + waiting. */
export interface Balance {
  readonly made: number;
  readonly received: number;
  readonly stored: number;
  readonly waiting: number;
  readonly lost: LossCounts;
}

const log = createLogger('ledger');
const SAVE_AFTER_MS = 100;

/**
 * The books on every connection end, or on every HTTP request as one end saw it. `made` is the kernel's count as each
 * agent reports it, or what is known to exist where that is more; what is neither stored nor counted as lost is waiting,
 * so that the sum always holds and a loss that nobody counted stays visible.
 */
export class Ledger {
  readonly #accounts = new Map<string, Account>();
  readonly #file: string | null;
  readonly lastSeen = new Map<string, number>();
  firstRecordAt: number | null = null;
  #saving: Promise<void> | null = null;
  #writing: Promise<void> = Promise.resolve();

  /** @param file where it is kept; `null` keeps it in memory only. */
  constructor(file: string | null) {
    this.#file = file;
  }

  /**
   * Takes up the books of an earlier run. An unreadable file is logged and begun anew: the store still has what it stored,
   * and it is later than the file, which is written now and then.
   */
  restore(positions: readonly Pick<StreamPosition, 'node' | 'streamId' | 'stored'>[]): void {
    if (this.#file !== null) this.#load(this.#file);
    for (const position of positions) {
      const account = this.#account(position.node, position.streamId);
      account.stored = Math.max(account.stored, position.stored);
      account.received = Math.max(account.received, position.stored + sum(account.own));
    }
  }

  received(node: string, stream: string, count: number): void {
    this.#account(node, stream).received += count;
  }

  stored(node: string, stream: string, count: number): void {
    this.#account(node, stream).stored += count;
  }

  /** Lost here: nobody else counts it. */
  lost(of: { node: string; stream: string; reason: LossReason; count: number }): void {
    const { own } = this.#account(of.node, of.stream);
    own[of.reason] = (own[of.reason] ?? 0) + of.count;
  }

  /** Lost earlier, as a record says; the agent's reports will say so too. */
  told(of: { node: string; stream: string; reason: LossReason; count: number }): void {
    const { told } = this.#account(of.node, of.stream);
    told[of.reason] = (told[of.reason] ?? 0) + of.count;
  }

  /** What the agent of a stream says, cumulative. Figures that shrink are not believed. */
  reported(of: { node: string; stream: string; made: number; lost: LossCounts }): void {
    const account = this.#account(of.node, of.stream);
    account.made = Math.max(account.made, of.made);
    for (const reason of LOSS_REASONS) {
      const count = of.lost[reason] ?? 0;
      if (count > (account.reported[reason] ?? 0)) account.reported[reason] = count;
    }
  }

  /**
   * The node's agent lives on with `stream`; its earlier ones are over, except those it still holds frames of. True when
   * one is over that was not before: nobody but this ledger knows its books from then on.
   */
  begin(node: string, stream: string, unfinished: readonly string[] = []): boolean {
    const alive = new Set([stream, ...unfinished]);
    let over = false;
    for (const account of this.#accounts.values()) {
      if (account.node !== node) continue;
      const ended = !alive.has(account.stream);
      over ||= ended && !account.ended;
      account.ended = ended;
    }
    this.#account(node, stream).ended = false;
    return over;
  }

  /** Of one node, or of all. */
  balance(node?: string): Balance {
    const total = emptyBalance();
    for (const account of this.#accounts.values())
      if (node === undefined || account.node === node) addTo(total, account);
    return total;
  }

  /** Of each node that ever sent anything. */
  balances(): Map<string, Balance> {
    const totals = new Map<string, MutableBalance>();
    for (const account of this.#accounts.values()) {
      let total = totals.get(account.node);
      if (total === undefined) {
        total = emptyBalance();
        totals.set(account.node, total);
      }
      addTo(total, account);
    }
    return totals;
  }

  /** Writes the file soon; resolves once it is on disk. Calls meanwhile wait for the same writing. */
  save(): Promise<void> {
    const file = this.#file;
    if (file === null) return Promise.resolve();
    this.#saving ??= (async () => {
      await new Promise((resolve) => setTimeout(resolve, SAVE_AFTER_MS));
      await this.#writing;
      this.#saving = null;
      this.#writing = this.#write(file);
      await this.#writing;
    })();
    return this.#saving;
  }

  /** For the end, when nothing waits for this thread any more. */
  saveNow(): void {
    if (this.#file === null) return;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      replaceFileSync(this.#file, this.#content());
    } catch (error) {
      log.error({ err: error, file: this.#file }, 'cannot write the ledger');
    }
  }

  async #write(file: string): Promise<void> {
    try {
      await mkdir(dirname(file), { recursive: true });
      await replaceFile(file, this.#content());
    } catch (error) {
      log.error({ err: error, file }, 'cannot write the ledger');
    }
  }

  #content(): string {
    const streams = [...this.#accounts.values()]
      .filter(hasEntries)
      .map(({ node, stream, made, received, stored, reported, told, own, ended }) => ({
        node,
        stream,
        made,
        received,
        stored,
        reported,
        told,
        own,
        ended,
      }));
    const lastSeen = Object.fromEntries(this.lastSeen);
    return JSON.stringify({ streams, lastSeen, firstRecordAt: this.firstRecordAt });
  }

  #load(file: string): void {
    let content: unknown;
    try {
      content = JSON.parse(readFileSync(file, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        log.error({ err: error, file }, 'cannot read the ledger');
      return;
    }
    if (!Value.Check(LedgerFile, content)) {
      log.error({ file }, 'the ledger does not have the right shape; beginning a new one');
      return;
    }
    for (const { node, stream, ...figures } of content.streams)
      Object.assign(this.#account(node, stream), figures);
    for (const [node, at] of Object.entries(content.lastSeen)) this.lastSeen.set(node, at);
    this.firstRecordAt = content.firstRecordAt;
  }

  #account(node: string, stream: string): Account {
    const key = `${node}\n${stream}`;
    let account = this.#accounts.get(key);
    if (account === undefined) {
      account = {
        node,
        stream,
        made: 0,
        received: 0,
        stored: 0,
        reported: {},
        told: {},
        own: {},
        ended: false,
      };
      this.#accounts.set(key, account);
    }
    return account;
  }
}

type MutableBalance = { -readonly [K in keyof Balance]: Balance[K] };

const emptyBalance = (): MutableBalance => ({ made: 0, received: 0, stored: 0, waiting: 0, lost: {} });

function addTo(total: MutableBalance, account: Account): void {
  // A node may have begun many streams that nothing came of.
  if (!hasEntries(account)) return;
  const { lost } = total;
  const reported = larger(account.reported, account.told);
  const counted = sum(reported) + sum(account.own);
  const made = Math.max(account.made, account.stored + counted);
  const missing = made - account.stored - counted;
  total.made += made;
  total.received += account.received;
  total.stored += account.stored;
  for (const counts of [reported, account.own]) {
    for (const reason of LOSS_REASONS) {
      const count = counts[reason] ?? 0;
      if (count > 0) lost[reason] = (lost[reason] ?? 0) + count;
    }
  }
  if (account.ended && missing > 0) lost.agent_killed = (lost.agent_killed ?? 0) + missing;
  else total.waiting += missing;
}

/** Whether an account says anything that a new one would not. */
const hasEntries = ({ made, received, stored, reported, told, own }: Account): boolean =>
  made + received + stored + sum(reported) + sum(told) + sum(own) > 0;

function larger(a: LossCounts, b: LossCounts): LossCounts {
  const counts: LossCounts = {};
  for (const reason of LOSS_REASONS) {
    const count = Math.max(a[reason] ?? 0, b[reason] ?? 0);
    if (count > 0) counts[reason] = count;
  }
  return counts;
}

const sum = (counts: LossCounts): number => {
  let total = 0;
  for (const reason of LOSS_REASONS) total += counts[reason] ?? 0;
  return total;
};
