// SPDX-License-Identifier: Apache-2.0
import { atCollector } from './base-path';
import { ApiError } from './client';

/** Says that this browser holds a session: the cookie itself is out of reach of scripts. */
const SIGNED_IN_KEY = 'undermesh-signed-in';

const remember = (signedIn: boolean): void => {
  try {
    if (signedIn) localStorage.setItem(SIGNED_IN_KEY, 'yes');
    else localStorage.removeItem(SIGNED_IN_KEY);
  } catch {
    // Storage is blocked: signing out is then not offered.
  }
};

/** Whether somebody signed in with this browser. Where reading is open, nobody has to. */
export const isSignedIn = (): boolean => {
  try {
    return localStorage.getItem(SIGNED_IN_KEY) !== null;
  } catch {
    return false;
  }
};

/** Exchanges the operator token for a SameSite=Strict cookie. Throws ApiError when it is refused. */
export const signIn = async (token: string): Promise<void> => {
  const response = await fetch(atCollector('/api/v1/session'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
    credentials: 'same-origin',
  }).catch((cause: unknown) => {
    throw new ApiError('The collector does not answer.', { status: 0, code: 'unreachable', cause });
  });
  if (response.ok) {
    remember(true);
    return;
  }
  throw new ApiError(
    response.status === 401 || response.status === 403
      ? 'This is not the operator token of this collector.'
      : `The collector answered ${response.status}.`,
    { status: response.status, code: `http_${response.status}` },
  );
};

/** Forgets the cookie on the server and in the browser. */
export const signOut = async (): Promise<void> => {
  await fetch(atCollector('/api/v1/session'), { method: 'DELETE', credentials: 'same-origin' });
  remember(false);
};
