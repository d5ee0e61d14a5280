// SPDX-License-Identifier: Apache-2.0
import type { Engine } from '@undermesh/schema';
import { useId } from 'react';
import type { Drain } from '@/domain/engines/draining';
import { ENGINE_TOKEN } from '@/domain/glyphs';

const WIDTH = 60;
const HEIGHT = 8;
/** What drains stays visible to its last connection. */
const LEAST = 3;

const inkOf = (engine: Engine | null): string => `var(--${engine === null ? 'unk' : ENGINE_TOKEN[engine]})`;

/** Connections on the old engine hatched, those on the new one solid. Figures stand beside it. */
export function DrainBar({ drain, observed }: { drain: Drain; observed: Engine | null }) {
  const id = useId();
  const share = drain.share ?? 1;
  const old = Math.max(LEAST, Math.min(share === 1 ? WIDTH : WIDTH - LEAST, share * WIDTH));
  return (
    <svg width={WIDTH} height={HEIGHT} aria-hidden="true">
      <defs>
        <pattern id={id} width="4.5" height="4.5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="2" height="4.5" fill={inkOf(drain.engine)} />
        </pattern>
      </defs>
      <rect width={old} height={HEIGHT} rx="2" fill={`url(#${id})`} />
      {old < WIDTH && (
        <rect x={old + 1.5} width={WIDTH - old - 1.5} height={HEIGHT} rx="2" fill={inkOf(observed)} />
      )}
    </svg>
  );
}
