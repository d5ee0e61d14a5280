// SPDX-License-Identifier: Apache-2.0
import type { EngineShare } from '@/domain/engines/steering';
import { plural } from '@/domain/format';
import { ENGINE_TOKEN } from '@/domain/glyphs';
import { EngineBadge } from '../glyph';

/** How the nodes of a vertex divide between engines: a bar, and each engine with its nodes. */
export function EngineShareBar({ shares, total }: { shares: readonly EngineShare[]; total: number }) {
  return (
    <>
      <div className="time-bar" aria-hidden="true">
        {shares.map(({ engine, share }) => (
          <i key={engine} style={{ flexGrow: share, background: `var(--${ENGINE_TOKEN[engine]})` }} />
        ))}
      </div>
      <dl className="pairs">
        {shares.map(({ engine, nodes }) => (
          <div key={engine} className="contents">
            <dt>
              <EngineBadge engine={engine} bare />
            </dt>
            <dd>
              <span className="cut t2">{nodes.join(', ')}</span>
              {nodes.length} of {plural(total, 'node')}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
