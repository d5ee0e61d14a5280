// SPDX-License-Identifier: Apache-2.0
'use client';

import { type FormEvent, useState } from 'react';
import { signIn } from '@/data/session';

/** Takes the operator token and exchanges it for a cookie. */
export function SignIn({ onSignedIn }: { onSignedIn: () => void }) {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    try {
      await signIn(token.trim());
      setProblem(null);
      onSignedIn();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <form className="row" onSubmit={(event) => void submit(event)}>
        <label className="input fill">
          <span className="visually-hidden">Operator token</span>
          <input
            type="password"
            autoComplete="current-password"
            value={token}
            placeholder="Operator token"
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        <button type="submit" className="btn primary" disabled={token.trim() === ''}>
          Sign in
        </button>
      </form>
      {problem !== null && (
        <p className="crit" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
