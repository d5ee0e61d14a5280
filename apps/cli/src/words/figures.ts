// SPDX-License-Identifier: Apache-2.0
/** Figures as people read them, in the wording of the dashboard, with plain spaces. `null` becomes an en dash. */

export const ABSENT = '–';

type Maybe = number | null | undefined;
const isKnown = (value: Maybe): value is number => typeof value === 'number' && Number.isFinite(value);

/** 1234567 → `1,234,567`; at most `decimals` decimals. */
export const formatNumber = (value: Maybe, decimals = 0): string =>
  isKnown(value)
    ? value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
    : ABSENT;

/** Three significant digits at most, the way an instrument would show them: 0.31, 4.02, 18.2, 212. */
const significant = (value: number): string =>
  value === 0 ? '0' : formatNumber(value, value < 10 ? 2 : value < 100 ? 1 : 0);

/** A rate per second without its unit: more digits where it is small, `<0.01` rather than a false 0. */
export const formatRate = (perSecond: Maybe): string => {
  if (!isKnown(perSecond)) return ABSENT;
  if (perSecond === 0) return '0';
  if (perSecond < 0.01) return '<0.01';
  return formatNumber(perSecond, perSecond < 1 ? 2 : perSecond < 10 ? 1 : 0);
};

/** A figure, marked as a lower bound where a silent node makes it one. */
export const lowerBound = (isPartial: boolean, figure: string): string =>
  isPartial ? (figure.startsWith('<') ? '> 0' : `≥ ${figure}`) : figure;

/** A share (0 to 1) in percent: `0 %`, `<0.01 %`, `0.04 %`, `2.1 %`, `69 %`. */
export const formatShare = (share: Maybe): string => {
  if (!isKnown(share)) return ABSENT;
  const percent = share * 100;
  if (percent === 0) return '0 %';
  if (percent < 0.01) return '<0.01 %';
  return `${formatNumber(percent, percent < 1 ? 2 : percent < 10 ? 1 : 0)} %`;
};

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes in decimal units: `1.1 kB`, `14 kB`, `1.9 MB`. */
export const formatBytes = (bytes: Maybe): string => {
  if (!isKnown(bytes)) return ABSENT;
  let scaled = bytes;
  let index = 0;
  while (scaled >= 999.5 && index < BYTE_UNITS.length - 1) {
    scaled /= 1000;
    index += 1;
  }
  return `${formatNumber(scaled, index === 0 || scaled >= 9.95 ? 0 : 1)} ${BYTE_UNITS[index]}`;
};

/** Microseconds in the unit that reads best: `82 µs`, `0.31 ms`, `18.2 ms`, `4.02 s`, `1 min 21 s`. */
export const formatDuration = (microseconds: Maybe): string => {
  if (!isKnown(microseconds)) return ABSENT;
  if (microseconds < 100) return `${formatNumber(microseconds)} µs`;
  const milliseconds = microseconds / 1000;
  if (milliseconds < 999.5) return `${significant(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  return seconds < 59.95 ? `${significant(seconds)} s` : formatSpan(seconds);
};

/** Seconds in words, two units at most: `18 s`, `4 min 12 s`, `2 h 5 min`, `3 d 4 h`. */
export const formatSpan = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: readonly [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor((whole % 86_400) / 3600), 'h'],
    [Math.floor((whole % 3600) / 60), 'min'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0 s';
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
};

const two = (value: number): string => String(value).padStart(2, '0');
const dayOf = (at: Date): string => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;

/** Local time to the minute, with its date unless that is the day of `now` (Unix ms): `14:40`. */
export const formatClock = (time: string, now: number): string => formatTime(time, now).slice(0, -3);

/** Local time to the second, with its date unless that is the day of `now` (Unix ms): `14:40:58`. */
export const formatTime = (time: string, now: number): string => {
  const at = new Date(time);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return dayOf(at) === dayOf(new Date(now)) ? clock : `${dayOf(at)} ${clock}`;
};

/** As {@link formatTime}, to the millisecond: `14:40:58.114`. */
export const formatMoment = (time: string, now: number): string =>
  `${formatTime(time, now)}.${String(new Date(time).getMilliseconds()).padStart(3, '0')}`;

/** `1 edge`, `2 edges`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatNumber(count)} ${count === 1 ? one : many}`;

/** `a`, `a and b`, `a, b and c`. */
export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
