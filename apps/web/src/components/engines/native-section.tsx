// SPDX-License-Identifier: Apache-2.0
'use client';

import Link from 'next/link';
import { useNativeNode } from '@/data/use-native-node';
import type { UrlState } from '@/data/use-url';
import { formatNumber, formatRate, plural } from '@/domain/format';
import { Status } from '../glyph';
import { Fallbacks, ModuleState } from '../routes/native-nodes';

/** So many reasons are told here; the routes page tells all. */
const REASONS = 3;

/** The kernel-native engine of a node: its module, how much its routes choose, what went on without. */
export function NativeSection({ node, link }: { node: string; link: UrlState['link'] }) {
  const told = useNativeNode(node);
  if (told === null) return null;
  const { module, routesTotal, fallbacks, notExpressible, notExpressibleTotal, engine } = told.node;
  const rate = told.routes.items.reduce((sum, { perSecond }) => sum + (perSecond ?? 0), 0);
  const first = notExpressible[0];
  return (
    <section className="detail-part native-part" aria-label="Kernel-native">
      <h3>
        Kernel-native
        <span className="t3">
          {routesTotal === 0
            ? 'no routes'
            : `${plural(routesTotal, 'route')} with backends${engine === 'kernel-native' ? `, ${formatRate(rate)} requests/s in the last minute` : ', not in force'}`}
        </span>
        <span className="fill" />
        <Link href={link('/routes/', { node })}>Routes</Link>
      </h3>
      <p>
        <ModuleState module={module} />
      </p>
      {first !== undefined && (
        <p>
          <Status kind="warn">
            cannot choose for {first.service}
            {notExpressibleTotal > 1 && ` and ${formatNumber(notExpressibleTotal - 1)} more`}
          </Status>
        </p>
      )}
      {engine === 'kernel-native' && <Fallbacks fallbacks={fallbacks} most={REASONS} />}
    </section>
  );
}
