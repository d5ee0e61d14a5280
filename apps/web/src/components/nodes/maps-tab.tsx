// SPDX-License-Identifier: Apache-2.0
import type { Node } from '@undermesh/schema';
import { formatBytes, formatNumber, formatShare } from '@/domain/format';
import { mapShare } from '@/domain/nodes';
import { Section } from '../panel';
import { UseBar } from './use-bar';

/** Maps by how full they are, and kernel helpers that failed. */
export function MapsTab({ node }: { node: Node }) {
  return (
    <>
      <Section title="Maps" note="entries used">
        <ul className="items">
          {node.maps.map((map) => {
            const share = mapShare(map);
            return (
              <li key={map.name}>
                <div className="item-line">
                  <span className="mono medium cut">{map.name}</span>
                  <span className="fill" />
                  {share === null ? (
                    <span className="t3">not counted</span>
                  ) : (
                    <span>
                      {formatNumber(map.entries)}{' '}
                      <span className="t3">of {formatNumber(map.maxEntries)}</span>
                    </span>
                  )}
                </div>
                {share !== null && <UseBar share={share} label={`${map.name} ${formatShare(share)} used`} />}
                <div className="item-line small t3">
                  <span>{map.type}</span>
                  <span className="fill" />
                  {map.memoryBytes !== undefined && <span>{formatBytes(map.memoryBytes)}</span>}
                </div>
              </li>
            );
          })}
        </ul>
      </Section>
      <Section title="Helper failures" note={node.helperErrors.length === 0 ? 'none' : 'by call site'}>
        {node.helperErrors.length > 0 && (
          <dl className="pairs">
            {node.helperErrors.map((error) => (
              <div className="contents" key={`${error.site} ${error.errno}`}>
                <dt>
                  <span className="mono">{error.site}</span> <span className="t3">{error.errno}</span>
                </dt>
                <dd className="warn medium">{formatNumber(error.count)}</dd>
              </div>
            ))}
          </dl>
        )}
      </Section>
    </>
  );
}
