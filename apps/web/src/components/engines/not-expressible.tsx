// SPDX-License-Identifier: Apache-2.0
'use client';

import { useNativeNode } from '@/data/use-native-node';
import { formatNumber, plural } from '@/domain/format';
import { StatusGlyph } from '../glyph';

/** So many are named in a dialog. */
const NAMED = 4;

/** Before a node is switched to kernel-native: the services whose routes its kernel cannot choose by. */
export function NotExpressible({ node }: { node: string }) {
  const told = useNativeNode(node);
  if (told === null || told.node.notExpressible.length === 0) return null;
  const { notExpressible, notExpressibleTotal } = told.node;
  const more = notExpressibleTotal - Math.min(NAMED, notExpressible.length);
  return (
    <div className="note warn flat order-warning" role="note">
      <span className="warn">
        <StatusGlyph kind="warn" />
      </span>
      <div>
        <p>
          <b>The kernel cannot choose for {plural(notExpressibleTotal, 'service')}.</b> Their requests go by
          their waypoint where they have one, else by connection.
        </p>
        <ul>
          {notExpressible.slice(0, NAMED).map(({ service, reason }) => (
            <li key={`${service} ${reason}`}>
              <span className="medium">{service}</span> <span className="t2">{reason}</span>
            </li>
          ))}
        </ul>
        {more > 0 && <p className="t2">and {formatNumber(more)} more</p>}
      </div>
    </div>
  );
}
