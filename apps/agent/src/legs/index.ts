// SPDX-License-Identifier: Apache-2.0
export { Legs } from './legs.js';
