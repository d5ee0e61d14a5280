// SPDX-License-Identifier: Apache-2.0
/** Figures as people read them. All return text with no-break spaces before units; `null` becomes an en dash. */

export const NBSP = '\u00a0';
export const ABSENT = '–';

/** A figure apart from its unit, for places that set the unit smaller. */
export interface Figure {
  value: string;
  unit: string;
}

const join = ({ value, unit }: Figure): string => (unit === '' ? value : value + NBSP + unit);

/** 1234567 → `1,234,567`; at most `decimals` decimals; a true minus. */
export const formatNumber = (value: number | null | undefined, decimals = 0): string => {
  if (value === null || value === undefined || !Number.isFinite(value)) return ABSENT;
  const [whole = '0', fraction] = Math.abs(value).toFixed(decimals).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const text = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  return value < 0 && Number(text.replaceAll(',', '')) !== 0 ? `−${text}` : text;
};

/** Three significant digits at most, the way an instrument would show them: 0.31, 4.02, 18.2, 212. */
export const significant = (value: number): string => {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 10) return formatNumber(value, 2);
  if (size < 100) return formatNumber(value, 1);
  return formatNumber(value, 0);
};

/** 12432 → `12.4k`, 2900 → `2.9k`, 812 → `812`. */
export const formatCompact = (value: number | null | undefined): string => {
  if (value === null || value === undefined || !Number.isFinite(value)) return ABSENT;
  for (const [limit, suffix] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= limit * 0.9995) {
      const scaled = value / limit;
      return formatNumber(scaled, scaled < 99.95 ? 1 : 0) + suffix;
    }
  }
  return formatNumber(value, 0);
};

/** A rate per second without its unit: more digits where it is small, `<0.01` rather than a false 0. */
export const formatRate = (perSecond: number | null | undefined): string => {
  if (perSecond === null || perSecond === undefined || !Number.isFinite(perSecond)) return ABSENT;
  if (perSecond === 0) return '0';
  if (perSecond < 0.01) return '<0.01';
  if (perSecond < 1) return formatNumber(perSecond, 2);
  if (perSecond < 10) return formatNumber(perSecond, 1);
  return formatNumber(perSecond, 0);
};

/** A share (0 to 1) in percent: `0`, `<0.01 %`, `0.04 %`, `2.1 %`, `69 %`, `99.5 %`; 100 only when it is all. */
export const shareFigure = (share: number | null | undefined): Figure => {
  if (share === null || share === undefined || !Number.isFinite(share)) return { value: ABSENT, unit: '' };
  const percent = share * 100;
  if (percent === 0) return { value: '0', unit: '%' };
  if (percent < 0.01) return { value: '<0.01', unit: '%' };
  if (percent < 1) return { value: formatNumber(percent, 2), unit: '%' };
  if (percent < 10) return { value: formatNumber(percent, 1), unit: '%' };
  if (percent >= 99.5 && percent < 100) {
    return { value: formatNumber(Math.floor(percent * 10) / 10, 1), unit: '%' };
  }
  return { value: formatNumber(percent, 0), unit: '%' };
};
export const formatShare = (share: number | null | undefined): string => join(shareFigure(share));

/** Bytes in decimal units: `1.1 kB`, `14 kB`, `1.9 MB`. */
export const bytesFigure = (bytes: number | null | undefined): Figure => {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return { value: ABSENT, unit: '' };
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;
  let scaled = bytes;
  let index = 0;
  while (scaled >= 999.5 && index < units.length - 1) {
    scaled /= 1000;
    index += 1;
  }
  return {
    value: formatNumber(scaled, index === 0 || scaled >= 9.95 ? 0 : 1),
    unit: units[index] ?? 'B',
  };
};
export const formatBytes = (bytes: number | null | undefined): string => join(bytesFigure(bytes));

/** Microseconds in the unit that reads best: `82 µs`, `0.31 ms`, `18.2 ms`, `4.02 s`, `1 min 21 s`. */
export const durationFigure = (microseconds: number | null | undefined): Figure => {
  if (microseconds === null || microseconds === undefined || !Number.isFinite(microseconds)) {
    return { value: ABSENT, unit: '' };
  }
  if (microseconds < 100) return { value: formatNumber(microseconds, 0), unit: 'µs' };
  const milliseconds = microseconds / 1000;
  if (milliseconds < 999.5) return { value: significant(milliseconds), unit: 'ms' };
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return { value: significant(seconds), unit: 's' };
  return { value: formatSpan(seconds), unit: '' };
};
export const formatDuration = (microseconds: number | null | undefined): string =>
  join(durationFigure(microseconds));

/** Milliseconds without unit, for columns that name it in the header. */
export const formatMilliseconds = (microseconds: number | null | undefined): string =>
  microseconds === null || microseconds === undefined ? ABSENT : significant(microseconds / 1000);

/** Seconds in words, two units at most: `18 s`, `4 min 12 s`, `2 h 5 min`, `3 d 4 h`. */
export const formatSpan = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor((whole % 86_400) / 3600), 'h'],
    [Math.floor((whole % 3600) / 60), 'min'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return `0${NBSP}s`;
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${NBSP}${unit}`)
    .join(NBSP);
};

/** An age: tenths while it is young, then in words: `0.8 s`, `12 s`, `4 min 12 s`. */
export const formatAge = (seconds: number): string =>
  seconds < 9.95 ? `${formatNumber(Math.max(0, seconds), 1)}${NBSP}s` : formatSpan(seconds);

const two = (value: number): string => String(value).padStart(2, '0');

/** Local time of day, `14:40`. Takes RFC 3339 text or epoch milliseconds. */
export const formatClock = (time: string | number | null): string => {
  if (time === null) return ABSENT;
  const at = new Date(time);
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
};

/** Local time of day to the second. */
export const formatSeconds = (time: string | number | null): string =>
  time === null ? ABSENT : `${formatClock(time)}:${two(new Date(time).getSeconds())}`;

/** Local time of day to the millisecond, `14:40:58.114`. */
export const formatInstant = (time: string | number | null): string =>
  time === null
    ? ABSENT
    : `${formatSeconds(time)}.${String(new Date(time).getMilliseconds()).padStart(3, '0')}`;

/** Local date and time, `2026-11-22 14:40`; today's date is left out when `now` is given. */
export const formatDateTime = (time: string | number | null, now?: number): string => {
  if (time === null) return ABSENT;
  const at = new Date(time);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  if (now !== undefined && new Date(now).toDateString() === at.toDateString()) return formatClock(time);
  return `${day}${NBSP}${formatClock(time)}`;
};

/** To the millisecond, with its date unless that is today. */
export const formatMoment = (time: string, now: number): string =>
  new Date(now).toDateString() === new Date(time).toDateString()
    ? formatInstant(time)
    : `${formatDateTime(time).slice(0, 10)}${NBSP}${formatInstant(time)}`;

/** `1 edge`, `2 edges`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatNumber(count)}${NBSP}${count === 1 ? one : many}`;

const SMALL = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'] as const;
/** Small counts as words, for sentences. */
export const inWords = (count: number): string => SMALL[count] ?? formatNumber(count);
export const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
