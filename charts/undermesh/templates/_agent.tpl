{{/* Names of DaemonSets by pool; without pools the one of all nodes, as pool "". */}}
{{- define "undermesh.agent.sets" -}}
{{- $sets := dict -}}
{{- range $pool, $_ := .Values.agent.pools | default (dict "" (dict)) -}}
{{- $_ := set $sets $pool (printf "%s-%s" (include "undermesh.agent" $) $pool | trimSuffix "-") -}}
{{- end -}}
{{- toYaml $sets -}}
{{- end -}}

{{/* undermesh.yaml of agents: (list . name-of-the-DaemonSet config-of-the-pool). What the chart settles is in no schema of `config`. */}}
{{- define "undermesh.agent.config" -}}
{{- $root := index . 0 -}}
{{- $agent := $root.Values.agent -}}
{{- $own := dict
  "cluster" $root.Values.clusterName
  "collector" (dict "url" (include "undermesh.agent.url" $root))
  "listen" (dict "host" $agent.listenAddress "port" ($agent.metricsPort | int))
  "mesh" (dict "kubernetes" (dict "enabled" true "daemonSet" (printf "%s/%s" $root.Release.Namespace (index . 1))))
-}}
{{- if eq $root.Values.tls.mode "off" -}}
{{- $_ := set $own.collector "credentialFile" "/etc/undermesh/credential" -}}
{{- else if $agent.joinTokens.secretName -}}
{{- $_ := set $own "join" (dict "tokenFile" "/etc/undermesh/join-token") -}}
{{- else -}}
{{- $_ := set $own "tls" (dict "caFile" "/etc/undermesh/authority/ca.crt") -}}
{{- $_ := set $own "join" (dict "serviceAccountToken" "/var/run/secrets/undermesh/token") -}}
{{- end -}}
{{- $config := mergeOverwrite (deepCopy $agent.config) (deepCopy (index . 2)) $own -}}
agent:
  {{- toYaml $config | nindent 2 }}
{{- end -}}

{{/* Where agents send records. */}}
{{- define "undermesh.agent.url" -}}
{{- if .Values.collector.enabled -}}
{{- $scheme := ternary "ws" "wss" (eq .Values.tls.mode "off") -}}
{{- printf "%s://%s:%d/ingest/v1" $scheme (include "undermesh.collector.host" .) (int .Values.collector.service.port) -}}
{{- else -}}
{{- .Values.agent.collectorUrl -}}
{{- end -}}
{{- end -}}

{{/* Settings that cannot be true together: said before anything is installed. */}}
{{- define "undermesh.agent.check" -}}
{{- $agent := .Values.agent -}}
{{- $configs := list $agent.config -}}
{{- range $agent.pools -}}
{{- $configs = append $configs (.config | default dict) -}}
{{- end -}}
{{- range $configs -}}
{{- if and .programStatistics (not (has "SYS_ADMIN" $agent.capabilities)) -}}
{{- fail "agent.config.programStatistics is for who has the capability SYS_ADMIN: add it to agent.capabilities, or leave the statistics off" -}}
{{- end -}}
{{- end -}}
{{- if and (not .Values.collector.enabled) (not $agent.collectorUrl) -}}
{{- fail "collector.enabled is false: set agent.collectorUrl to where the collector is, e.g. wss://collector.example:7070/ingest/v1" -}}
{{- end -}}
{{- if and .Values.collector.enabled $agent.collectorUrl -}}
{{- fail "agent.collectorUrl is for agents without a collector of this chart: remove it, or set collector.enabled to false" -}}
{{- end -}}
{{- if and (eq .Values.tls.mode "off") (not $agent.credentials.secretName) -}}
{{- fail "tls.mode is off: set agent.credentials.secretName to a Secret that holds, for each node, a key with its name and the output of `undermesh-collector credential --node NAME`" -}}
{{- end -}}
{{- if and (ne .Values.tls.mode "off") $agent.credentials.secretName -}}
{{- fail "agent.credentials.secretName is for tls.mode off: agents get certificates otherwise. Remove it" -}}
{{- end -}}
{{- if and (not .Values.collector.enabled) (ne .Values.tls.mode "off") (not $agent.joinTokens.secretName) -}}
{{- fail "a collector elsewhere cannot review service accounts of this cluster: set agent.joinTokens.secretName to a Secret that holds, for each node, a key with its name and the output of `undermesh agents add NAME`" -}}
{{- end -}}
{{- end -}}

{{/* Capabilities of the agent. */}}
{{- define "undermesh.agent.capabilities" -}}
{{- $added := .Values.agent.adoptWaypoints | ternary (list "SYS_ADMIN" "SYS_PTRACE") list -}}
{{- concat .Values.agent.capabilities $added | uniq | sortAlpha | toYaml -}}
{{- end -}}

{{/* Volume with the certificates that agents trust the collector by; the collector fills its ConfigMap. */}}
{{- define "undermesh.authority.volume" -}}
- name: authority
  configMap:
    name: {{ include "undermesh.authority" . }}
    optional: true
{{- end -}}
