// SPDX-License-Identifier: Apache-2.0
// JSON Schema in few words. Every value says what it means; an object knows its keys and refuses others.

/** @param {string} description @param {object} [bounds] e.g. `{ pattern }` */
export const text = (description, bounds = {}) => ({ type: 'string', description, ...bounds });
export const choice = (description, values) => ({ enum: values, description });
export const flag = (description) => ({ type: 'boolean', description });
export const whole = (description, minimum, maximum) => ({ type: 'integer', minimum, maximum, description });
export const list = (description, items = {}) => ({ type: 'array', items, description });
/** Text by name: labels, annotations. */
export const texts = (description) => ({
  type: 'object',
  additionalProperties: { type: 'string' },
  description,
});
/** What Kubernetes defines and checks. @param {string} type as Kubernetes calls it */
export const foreign = (type, description) => ({ type: 'object', description: `${description} (${type})` });
/** The same, as a list. */
export const foreignList = (type, description) => ({
  type: 'array',
  items: { type: 'object' },
  description: `${description} (list of ${type})`,
});
export const group = (properties) => ({ type: 'object', additionalProperties: false, properties });
