// SPDX-License-Identifier: Apache-2.0
// Whether counts are what their shares lead to expect (Pearson's chi-square test).

/** The statistic of counts against shares, which need not add up to one. */
export function chiSquare(counts, shares) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  return counts.reduce((sum, count, i) => {
    const expected = (total * shares[i]) / whole;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

/** Normal quantile of 1 - 10^-6: a run that is right misses so seldom. */
const Z = 4.753;

/** What the statistic exceeds once in a million by chance (Wilson and Hilferty, PNAS 17, 1931). */
export const chiSquareLimit = (degrees) =>
  degrees * (1 - 2 / (9 * degrees) + Z * Math.sqrt(2 / (9 * degrees))) ** 3;
