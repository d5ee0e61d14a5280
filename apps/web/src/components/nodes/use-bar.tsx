// SPDX-License-Identifier: Apache-2.0
import { FULL_SHARE } from '@/domain/nodes';

/** How full something is; amber near the brim; a tick for the highest level seen. */
export function UseBar({ share, peak, label }: { share: number; peak?: number; label: string }) {
  const percent = (value: number): string => `${Math.min(100, Math.max(0, value * 100)).toFixed(2)}%`;
  return (
    <svg className="use-bar" width="100%" height="6" role="img" aria-label={label}>
      <rect width="100%" height="6" rx="2" fill="var(--bg-3)" />
      <rect
        width={percent(Math.max(share, share > 0 ? 0.004 : 0))}
        height="6"
        rx="2"
        fill={share >= FULL_SHARE ? 'var(--warn)' : 'var(--text-3)'}
      />
      {peak !== undefined && <rect x={percent(peak)} width="2" height="6" fill="var(--text-1)" />}
    </svg>
  );
}
