// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '@undermesh/core';
import type { ClusterConnection } from '@undermesh/mesh/cluster';
import { type Static, type TSchema, Type } from 'typebox';
import Value from 'typebox/value';
import { CollectorError } from '../../errors.js';
import type { ServiceAccountReview } from '../joining.js';

const PATIENCE_MS = 10_000;

const NODE = 'authentication.kubernetes.io/node-name';
const POD = 'authentication.kubernetes.io/pod-name';
const POD_UID = 'authentication.kubernetes.io/pod-uid';

/** A TokenReview of authentication.k8s.io/v1, as far as it is looked at. */
const Review = Type.Object({
  status: Type.Object({
    authenticated: Type.Optional(Type.Boolean()),
    error: Type.Optional(Type.String()),
    audiences: Type.Optional(Type.Array(Type.String())),
    user: Type.Optional(
      Type.Object({
        username: Type.Optional(Type.String()),
        extra: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String()))),
      }),
    ),
  }),
});

const Pod = Type.Object({
  metadata: Type.Object({ uid: Type.String() }),
  spec: Type.Object({ nodeName: Type.String() }),
});

export interface ServiceAccountsOptions {
  readonly connection: ClusterConnection;
  /** That tokens have to be made for. */
  readonly audience: string;
  /** `namespace/name`. */
  readonly serviceAccount: string;
}

/**
 * Has the API server say whose a token of a service account is, and on which node its pod runs. That is in the token since
 * Kubernetes 1.30; before, the pod that it names is asked for. Needs `create` of `tokenreviews`, and for the latter `get` of
 * `pods` in the namespace of the agents.
 */
export class ServiceAccounts implements ServiceAccountReview {
  readonly #options: ServiceAccountsOptions;

  constructor(options: ServiceAccountsOptions) {
    this.#options = options;
  }

  async nodeOf(token: string): Promise<string> {
    const { audience, serviceAccount } = this.#options;
    const { status } = await this.#ask(Review, (connection, limits) =>
      connection.write({
        ...limits,
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
          spec: { token, audiences: [audience] },
        },
      }),
    );
    const { authenticated, audiences = [], user = {}, error } = status;
    if (authenticated !== true || !audiences.includes(audience)) {
      throw wrong(
        `The API server does not vouch for the token for the audience ${audience}${error ? `: ${error}` : ''}.`,
      );
    }
    const [namespace = '', name = ''] = serviceAccount.split('/');
    if (user.username !== `system:serviceaccount:${namespace}:${name}`) {
      throw wrong(`The token is of ${user.username ?? 'nobody'}, agents are ${serviceAccount}.`);
    }
    const { extra = {} } = user;
    return (
      extra[NODE]?.[0] ?? this.#nodeOfPod(namespace, { name: extra[POD]?.[0], uid: extra[POD_UID]?.[0] })
    );
  }

  async #nodeOfPod(
    namespace: string,
    pod: { readonly name: string | undefined; readonly uid: string | undefined },
  ): Promise<string> {
    if (pod.name === undefined || pod.uid === undefined) {
      throw wrong('The token is bound to no pod: use a projected token of the pod of the agent.');
    }
    const path = `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(pod.name)}`;
    const { metadata, spec } = await this.#ask(Pod, (connection, limits) =>
      connection.get({ ...limits, path }),
    );
    // A pod of the same name may have come since.
    if (metadata.uid !== pod.uid) throw wrong(`The pod ${pod.name} that the token was made for is gone.`);
    return spec.nodeName;
  }

  async #ask<Schema extends TSchema>(
    schema: Schema,
    question: (
      connection: ClusterConnection,
      limits: { readonly signal: AbortSignal; readonly silenceMs: number },
    ) => Promise<unknown>,
  ): Promise<Static<Schema>> {
    let answer: unknown;
    try {
      const limits = { signal: AbortSignal.timeout(PATIENCE_MS), silenceMs: PATIENCE_MS };
      answer = await question(this.#options.connection, limits);
    } catch (cause) {
      throw new CollectorError(
        'review_failed',
        `The API server could not be asked: ${messageOf(cause)}.`,
        cause,
      );
    }
    if (Value.Check(schema, answer)) return answer;
    throw new CollectorError(
      'review_failed',
      'The API server answered something else than it was asked for.',
    );
  }
}

const wrong = (what: string): CollectorError =>
  new CollectorError(
    'service_account_wrong',
    `${what} Compare collector.join.kubernetes with the pod of the agent.`,
  );
