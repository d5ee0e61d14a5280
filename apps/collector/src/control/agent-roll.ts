// SPDX-License-Identifier: Apache-2.0
import { type Change, JOINED_BY } from '@undermesh/schema';
import { type Static, Type } from 'typebox';

/** What the change log keeps of joining beside what everybody may read. Holds no secret: hashes and public keys only. */
export const Admission = Type.Object({
  /** SHA-256 of the secret of a join token, hexadecimal. */
  invitation: Type.Optional(Type.String()),
  /** Of the invitation, RFC 3339. */
  expiresAt: Type.Optional(Type.String()),
  /** Which joining certificates come from. */
  joinId: Type.Optional(Type.String()),
  joinedBy: Type.Optional(Type.Enum([...JOINED_BY])),
  /** SHA-256 of the public key that joined, hexadecimal. */
  publicKey: Type.Optional(Type.String()),
});
export type Admission = Static<typeof Admission>;

/** One node as far as joining goes. */
export interface RollEntry {
  readonly state: 'invited' | 'joined' | 'removed';
  /** When it came to this state, RFC 3339. */
  readonly since: string;
  /** The token that can be used or has been, and until when. */
  readonly invitation: { readonly hash: string; readonly expiresAt: string } | null;
  readonly member: (Admission & { readonly since: string }) | null;
}

/** Who may come in as the agent of which node: the fold of the change log. A broken log takes nobody's place away. */
export class AgentRoll {
  readonly #nodes = new Map<string, RollEntry>();
  readonly #byInvitation = new Map<string, string>();

  /** Forgets all: what is to be known is folded anew. */
  clear(): void {
    this.#nodes.clear();
    this.#byInvitation.clear();
  }

  of(node: string): RollEntry | null {
    return this.#nodes.get(node) ?? null;
  }

  all(): Iterable<[string, RollEntry]> {
    return this.#nodes;
  }

  /** The node that a join token was made for, `null` when there is none, or none any more. */
  invitedBy(hash: string): string | null {
    return this.#byInvitation.get(hash) ?? null;
  }

  /** What speaks against a certificate of this joining; `null`: nothing. What the log does not know is believed. */
  objection(node: string, joinId: string): 'agent_removed' | 'certificate_replaced' | null {
    const entry = this.#nodes.get(node);
    if (entry === undefined) return null;
    if (entry.state === 'removed') return 'agent_removed';
    return entry.member?.joinId === joinId ? null : 'certificate_replaced';
  }

  /** Takes one change in. */
  fold({ kind, subject, time, admission = {} }: Change & { readonly admission?: Admission }): void {
    const before = this.#nodes.get(subject);
    const { invitation: hash, expiresAt } = admission;
    switch (kind) {
      case 'agent_invited': {
        if (hash === undefined || expiresAt === undefined) return;
        this.#forget(before);
        this.#byInvitation.set(hash, subject);
        const member = before?.state === 'removed' ? null : (before?.member ?? null);
        const state = member === null ? 'invited' : 'joined';
        const since = member?.since ?? time;
        this.#nodes.set(subject, { state, since, invitation: { hash, expiresAt }, member });
        return;
      }
      case 'agent_joined':
        this.#nodes.set(subject, {
          state: 'joined',
          since: time,
          invitation: before?.invitation ?? null,
          member: { ...admission, since: time },
        });
        return;
      case 'agent_removed':
        this.#forget(before);
        this.#nodes.set(subject, { state: 'removed', since: time, invitation: null, member: null });
        return;
      default:
    }
  }

  #forget(entry: RollEntry | undefined): void {
    if (entry?.invitation != null) this.#byInvitation.delete(entry.invitation.hash);
  }
}
