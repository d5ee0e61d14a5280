// SPDX-License-Identifier: Apache-2.0
'use client';

import { Page } from '../page';

export function ConnectionsPage() {
  return <Page title="Connections">…</Page>;
}
