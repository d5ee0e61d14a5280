// SPDX-License-Identifier: Apache-2.0
import { UndermeshError } from '@undermesh/core';

/** Every error the agent can end with or report, with what to do. docs/errors.md lists them; a test compares the two. */
export const AGENT_ERRORS = {
  not_root: 'Start the agent as root, or with CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON and CAP_SYS_PTRACE.',
  btf_missing: 'Use a kernel built with CONFIG_DEBUG_INFO_BTF=y; every distribution kernel since 2021 is.',
  cgroup2_missing:
    'Mount the unified hierarchy: mount -t cgroup2 none /sys/fs/cgroup (or boot with systemd.unified_cgroup_hierarchy=1).',
  cgroup_missing: 'Create the cgroup first, or correct agent.cgroup.',
  kernel_too_old: 'Use Linux 5.15 or later.',
  object_missing:
    'Install the agent anew (in a checkout: npm run build), or point agent.objectFile at observe.bpf.o with the others and manifest.json beside it.',
  object_damaged: 'Install the agent anew; in a checkout: npm run build.',
  object_mismatch:
    'Install agent and eBPF objects of one build; in a checkout: npm run generate && npm run build.',
  instance_running: 'Stop the other agent, or give this one another agent.instance.',
  attach_failed: 'See the cause; undermesh doctor lists what this kernel allows.',
  pins_foreign: 'Find out who put it there; then remove it: rm -r on the directory of the instance.',
  engine_failed: 'What was in force stays; see the cause, and undermesh-agent uninstall to begin anew.',
  engine_unavailable: 'Choose another engine; undermesh doctor lists what this node can run.',
  credential_unreadable:
    'Create the agent credential on the collector and store it in agent.collector.credentialFile.',
  credential_permissions: 'Make the credential file readable by its owner only: chmod 600.',
  not_joined:
    'Have it join: undermesh agents add NODE, then undermesh-agent join with the token; or set agent.join.',
  join_failed: 'Give the token that undermesh agents add NODE printed, or the file that holds it.',
  identity_unreadable: 'Remove the file, and have the agent join anew: undermesh agents add NODE.',
  identity_permissions: 'Make the file readable by its owner only: chmod 600.',
  identity_unwritable: 'Make room, or set agent.tls.directory to a directory that the agent can write.',
  authority_unreadable:
    'Correct agent.tls.caFile; in a cluster the collector writes it a moment after its first start.',
  collector_untrusted:
    'Is agent.collector.url the right collector, by a name in its certificate (collector.hosts), and is the clock right? Else join anew with a new token.',
  collector_unreachable: 'Start the collector, or correct agent.collector.url; is a firewall between?',
  identity_rule_invalid: 'Correct the rule under agent.identity.',
  cluster_access_invalid: 'Set agent.mesh.kubernetes.kubeconfig, or run in a pod with a service account.',
  enrolment_invalid:
    'Give a path at or below agent.cgroup that begins with /, with * within components only, e.g. /shop/*.',
  waypoint_unrenderable:
    'Change the manifest; until then the waypoint goes on with the last configuration that it could take.',
  waypoint_failed:
    'See the cause and the log of the waypoint; it is tried again with the next change and every few seconds.',
  listen_failed: 'Free the address, or set agent.listen to another one.',
  bundle_unwritable:
    'Give a file that does not exist yet, in a directory that can be written to: --file FILE.',
  uplink_refused: 'Check the credential and that its node name is agent.node.',
  uplink_protocol: 'Use an agent and a collector of the same release.',
} as const;

/** A code of {@link AGENT_ERRORS}. */
export type AgentErrorCode = keyof typeof AGENT_ERRORS;

/** Makes an error of the catalogue: the message is what happened, followed by what to do. */
export function agentError(code: AgentErrorCode, happened: string, cause?: unknown): UndermeshError {
  return new UndermeshError({ code, message: `${happened} ${AGENT_ERRORS[code]}`, cause });
}
