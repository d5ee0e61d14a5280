// SPDX-License-Identifier: Apache-2.0
'use client';

import Link from 'next/link';
import { type ComponentProps, useState } from 'react';

/** A link to another page, fetched when the reader reaches for it: on loading, the page itself comes first. */
export function PageLink(props: Omit<ComponentProps<typeof Link>, 'prefetch'>) {
  const [reached, setReached] = useState(false);
  const reach = () => setReached(true);
  return <Link {...props} prefetch={reached ? null : false} onPointerEnter={reach} onFocus={reach} />;
}
