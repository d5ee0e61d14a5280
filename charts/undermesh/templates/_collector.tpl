{{/* undermesh.yaml of collectors. What the chart settles is in no schema of `config`. */}}
{{- define "undermesh.collector.config" -}}
{{- $collector := .Values.collector -}}
{{- $name := include "undermesh.collector" . -}}
{{- $host := include "undermesh.collector.host" . -}}
{{- $hosts := list $name (printf "%s.%s" $name .Release.Namespace) $host (printf "%s.cluster.local" $host) -}}
{{- if and .Values.ingress.enabled .Values.ingress.host -}}
{{- $hosts = append $hosts .Values.ingress.host -}}
{{- end -}}
{{- $own := dict
  "listen" (dict "address" $collector.listenAddress "port" 7070)
  "data" "/var/lib/undermesh/collector"
  "cluster" .Values.clusterName
  "hosts" (concat $hosts ($collector.config.hosts | default list) | uniq)
  "control" (dict "kubernetes" (dict "enabled" true "name" (include "undermesh.control" .)))
-}}
{{- if .Values.ingress.enabled -}}
{{- $_ := set $own "basePath" .Values.ingress.path -}}
{{- $_ := set $own "trustedProxies" .Values.ingress.trustedProxies -}}
{{- end -}}
{{- if eq .Values.tls.mode "off" -}}
{{- $_ := set $own "tls" (dict "mode" "off" "insecure" true) -}}
{{- else -}}
{{- $account := printf "%s/%s" .Release.Namespace (include "undermesh.agent.account" .) -}}
{{- $authority := printf "%s/%s" .Release.Namespace (include "undermesh.authority" .) -}}
{{- $_ := set $own "join" (dict "kubernetes" (dict "enabled" true "audience" "undermesh" "serviceAccount" $account "caConfigMap" $authority)) -}}
{{- if eq .Values.tls.mode "own" -}}
{{- $_ := set $own "tls" (dict "mode" "own") -}}
{{- else -}}
{{- $_ := set $own "tls" (dict "mode" "files" "certificateFile" "/etc/undermesh/tls/tls.crt" "keyFile" "/etc/undermesh/tls/tls.key" "caFile" "/etc/undermesh/tls/ca.crt") -}}
{{- end -}}
{{- end -}}
collector:
  {{- toYaml (mergeOverwrite (deepCopy $collector.config) $own) | nindent 2 }}
{{- end -}}

{{/* Settings that cannot be true together: said before anything is installed. */}}
{{- define "undermesh.collector.check" -}}
{{- if and (eq .Values.tls.mode "secret") (not .Values.tls.secretName) -}}
{{- fail "tls.mode is secret: set tls.secretName to a Secret with tls.crt, tls.key and the authority's ca.crt" -}}
{{- end -}}
{{- if and (ne .Values.tls.mode "secret") .Values.tls.secretName -}}
{{- fail (printf "tls.secretName is set, tls.mode is %s: set tls.mode to secret, or remove the name" .Values.tls.mode) -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.enabled needs ingress.host: the collector answers to names that it knows" -}}
{{- end -}}
{{- $monitor := .Values.monitoring.serviceMonitor -}}
{{- $read := dig "auth" "read" "auto" .Values.collector.config -}}
{{- if and $monitor.enabled (ne $read "open") (not $monitor.tokenSecret.name) -}}
{{- fail "monitoring.serviceMonitor.enabled: /metrics is for holders of the operator token. Set monitoring.serviceMonitor.tokenSecret.name to a Secret with it, or collector.config.auth.read to open" -}}
{{- end -}}
{{- end -}}
