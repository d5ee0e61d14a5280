// SPDX-License-Identifier: Apache-2.0
import Link from 'next/link';

export default function NotFound() {
  return (
    <div className="page">
      <div className="page-bar">
        <h1>Not found</h1>
      </div>
      <main className="page-content" id="content">
        <div className="state">
          <h2>There is no page here</h2>
          <p>The address may be from another version of the dashboard.</p>
          <div className="row">
            <Link className="btn" href="/">
              Go to the overview
            </Link>
          </div>
        </div>
      </main>
    </div>
  );
}
