// SPDX-License-Identifier: Apache-2.0
import { ApiError } from './client';

/** Exchanges the operator token for a SameSite=Strict cookie. Throws ApiError when it is refused. */
export const signIn = async (token: string): Promise<void> => {
  const response = await fetch('/api/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
    credentials: 'same-origin',
  }).catch((cause: unknown) => {
    throw new ApiError('The collector does not answer.', { status: 0, code: 'unreachable', cause });
  });
  if (response.ok) return;
  throw new ApiError(
    response.status === 401 || response.status === 403
      ? 'This is not the operator token of this collector.'
      : `The collector answered ${response.status}.`,
    { status: response.status, code: `http_${response.status}` },
  );
};

/** Forgets the cookie on the server and in the browser. */
export const signOut = async (): Promise<void> => {
  await fetch('/api/v1/session', { method: 'DELETE', credentials: 'same-origin' });
};
