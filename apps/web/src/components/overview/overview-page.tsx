// SPDX-License-Identifier: Apache-2.0
'use client';

import { Page } from '../page';

export function OverviewPage() {
  return (
    <Page title="Overview" padded>
      …
    </Page>
  );
}
