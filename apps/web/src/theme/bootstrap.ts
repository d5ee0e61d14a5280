// SPDX-License-Identifier: Apache-2.0
/** Where the choice of theme is kept in this browser. */
export const THEME_KEY = 'undermesh-theme';

/**
 * Runs in the head before anything is drawn, so that no wrong theme flashes. It never changes: the collector allows it by
 * its hash.
 */
export const THEME_BOOTSTRAP = `(function(){var t;try{t=localStorage.getItem('${THEME_KEY}')}catch(e){}if(t!=='dark'&&t!=='light')t=matchMedia('(prefers-color-scheme: light)').matches?'light':'dark';document.documentElement.dataset.theme=t})()`;
