// SPDX-License-Identifier: Apache-2.0
'use client';

import { Page } from '../page';

export function NodesPage() {
  return <Page title="Nodes">…</Page>;
}
