// SPDX-License-Identifier: Apache-2.0
import type { ObjectName } from '../model.js';
import { closest } from './closest.js';
import type { Field } from './field.js';
import { label, subdomain } from './values.js';

/** `metadata` of any object. */
export interface Metadata extends ObjectName {
  readonly labels: Field;
  readonly annotations: Field;
  readonly createdAtMs: number;
}

/** What may stand in `metadata` of one kind. */
export interface MetadataRules {
  /** Whether objects of this kind are in a namespace; without one given it is `default`. */
  readonly namespaced: boolean;
  /** Names are labels rather than subdomains. */
  readonly shortName: boolean;
  /** Our own annotations that this kind takes. */
  readonly annotations: readonly string[];
  /** Our own labels that this kind takes. */
  readonly labels: readonly string[];
}

const FIELDS = [
  'name namespace labels annotations creationTimestamp uid resourceVersion generation generateName',
  'managedFields ownerReferences finalizers selfLink deletionTimestamp deletionGracePeriodSeconds',
].flatMap((line) => line.split(' '));

const OWN = 'undermesh.io/';

export function readMetadata(object: Field, rules: MetadataRules): Metadata {
  const field = object.get('metadata');
  if (!field.present) field.wrong('give the object a name: metadata: { name: ... }');
  field.map(FIELDS);
  const name = field.present ? (rules.shortName ? label : subdomain)(field.get('name')) : '';
  const namespaceField = field.get('namespace');
  if (!rules.namespaced && namespaceField.present)
    namespaceField.error(`${namespaceField.name} is given to an object that is in none`, 'remove it');
  const labels = textsOf(field.get('labels'));
  const annotations = textsOf(field.get('annotations'));
  onlyKnownOwn(labels, rules.labels, 'label');
  onlyKnownOwn(annotations, rules.annotations, 'annotation');
  return {
    namespace: rules.namespaced ? namespaceField.or('default', label) : '',
    name,
    labels,
    annotations,
    createdAtMs: field.get('creationTimestamp').or(0, timestamp),
  };
}

/** Every value is a text: YAML makes numbers and booleans of `1` and `true`. */
function textsOf(field: Field): Field {
  for (const key of field.keys()) {
    const value = field.get(key);
    if (typeof value.value !== 'string')
      value.wrong(`put the value in quotes: "${value.present ? String(value.value) : ''}"`);
  }
  return field;
}

function onlyKnownOwn(field: Field, known: readonly string[], what: string): void {
  if (typeof field.value !== 'object' || field.value === null) return;
  for (const key of Object.keys(field.value)) {
    if (!key.startsWith(OWN) || known.includes(key)) continue;
    const near = closest(key, known);
    const mend =
      near !== null
        ? `write ${near}`
        : known.length === 0
          ? `remove it; this kind takes no ${what} of ${OWN}`
          : `remove it; this kind takes ${known.join(', ')}`;
    field.get(key).error(`there is no ${what} ${key}`, mend);
  }
}

function timestamp(field: Field): number {
  const at = field.value instanceof Date ? field.value.getTime() : Date.parse(field.text());
  if (!Number.isNaN(at)) return at;
  field.wrong('give a time such as 2026-01-31T12:00:00Z');
  return 0;
}
