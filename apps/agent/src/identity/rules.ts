// SPDX-License-Identifier: Apache-2.0
import type { IdentityRule } from '../config/schema.js';
import { agentError } from '../errors.js';
import { toName } from './names.js';

/** What a rule found in a path. */
export interface RuleMatch {
  readonly namespace: string;
  readonly workload: string;
  readonly version: string | undefined;
}

/** Finds the workload that a cgroup path stands for; `undefined` when no rule matches. */
export type RuleMatcher = (path: string) => RuleMatch | undefined;

const KNOWN_CAPTURE = /:([A-Za-z][A-Za-z0-9]*)/g;

/**
 * Compiles configured rules; the first that matches wins.
 * Throws UndermeshError `identity_rule_invalid` that names the rule.
 */
export function compileRules(rules: readonly IdentityRule[]): RuleMatcher {
  const compiled = rules.map((rule) => ({ rule, pattern: compileRule(rule) }));
  return (path) => {
    for (const { rule, pattern } of compiled) {
      const match = pattern.exec(path);
      if (match === null) continue;
      const version = rule.version ?? match.groups?.version;
      return {
        namespace: toName(rule.namespace ?? match.groups?.namespace ?? 'host'),
        workload: toName(rule.workload ?? match.groups?.workload ?? ''),
        version: version === undefined ? undefined : toName(version),
      };
    }
    return undefined;
  };
}

/** A cgroup path pattern as a regular expression over paths that begin with `/`. See {@link IdentityRule}. */
export function compilePattern(pattern: string): RegExp {
  if (!pattern.startsWith('/') && !pattern.startsWith('**/')) {
    throw agentError('identity_rule_invalid', `The cgroup pattern '${pattern}' must begin with / or **/.`);
  }
  const captures = [...pattern.matchAll(KNOWN_CAPTURE)].map((match) => match[1] ?? '');
  const twice = captures.find((name, index) => captures.indexOf(name) !== index);
  if (twice !== undefined) {
    throw agentError('identity_rule_invalid', `The cgroup pattern '${pattern}' captures :${twice} twice.`);
  }
  let body = pattern.startsWith('**/') ? pattern.slice(2) : pattern;
  const below = body.endsWith('/**');
  if (below) body = body.slice(0, -3);
  if (body.includes('**')) {
    throw agentError(
      'identity_rule_invalid',
      `The cgroup pattern '${pattern}' may have ** only at its ends.`,
    );
  }
  const source = body
    .replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll(KNOWN_CAPTURE, '(?<$1>[^/]+?)');
  return new RegExp(`^${pattern.startsWith('**/') ? '(?:/[^/]+)*' : ''}${source}${below ? '(?:/.*)?' : ''}$`);
}

function compileRule(rule: IdentityRule): RegExp {
  if (rule.workload === undefined && !/:workload\b/.test(rule.cgroup)) {
    throw agentError(
      'identity_rule_invalid',
      `The rule for '${rule.cgroup}' names no workload: capture :workload or set workload.`,
    );
  }
  return compilePattern(rule.cgroup);
}
