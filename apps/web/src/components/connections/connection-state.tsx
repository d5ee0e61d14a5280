// SPDX-License-Identifier: Apache-2.0
import type { Connection } from '@undermesh/schema';
import { connectionState } from '@/domain/words';
import { Status } from '../glyph';

/** Open, closed, or what went wrong: shape, colour and words. */
export function ConnectionState({ connection }: { connection: Connection }) {
  const { kind, text } = connectionState(connection);
  if (kind === 'open') {
    return (
      <span className="status open-state">
        <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
          <circle cx="7" cy="7" r="3.5" fill="currentColor" />
        </svg>
        <span>{text}</span>
      </span>
    );
  }
  return (
    <Status kind={kind === 'closed' ? 'ok' : kind} quiet={kind === 'closed'}>
      {text}
    </Status>
  );
}
