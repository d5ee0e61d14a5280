{{/* Name of all that this release makes; the release's own when it says what this is. */}}
{{- define "undermesh.name" -}}
{{- if .Values.nameOverride -}}
{{- .Values.nameOverride | trunc 48 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 48 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "undermesh.agent" -}}{{ include "undermesh.name" . }}-agent{{- end -}}
{{- define "undermesh.collector" -}}{{ include "undermesh.name" . }}-collector{{- end -}}

{{/* ConfigMap with the certificates that agents trust the collector by. */}}
{{- define "undermesh.authority" -}}{{ include "undermesh.name" . }}-ca{{- end -}}

{{/* Lease of the collector that writes control state; its ConfigMaps are named after it. */}}
{{- define "undermesh.control" -}}{{ include "undermesh.name" . }}-control{{- end -}}

{{- define "undermesh.agent.account" -}}
{{- .Values.agent.serviceAccount.name | default (include "undermesh.agent" .) -}}
{{- end -}}
{{- define "undermesh.collector.account" -}}
{{- .Values.collector.serviceAccount.name | default (include "undermesh.collector" .) -}}
{{- end -}}

{{/* What selects the pods of a program: (list . "agent") */}}
{{- define "undermesh.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: undermesh-{{ index . 1 }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- end -}}

{{/* Labels of every object: (list . "agent") */}}
{{- define "undermesh.labels" -}}
{{- $root := index . 0 -}}
{{ include "undermesh.selector" . }}
app.kubernetes.io/part-of: undermesh
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* An image: (list . .Values.agent.image) */}}
{{- define "undermesh.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- with $root.Values.image.registry }}{{ . | trimSuffix "/" }}/{{ end -}}
{{- $image.repository -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default $root.Values.image.tag | default $root.Chart.AppVersion }}{{ end -}}
{{- end -}}

{{/* The host name that agents call the collector by, and its certificate bears. */}}
{{- define "undermesh.collector.host" -}}
{{ include "undermesh.collector" . }}.{{ .Release.Namespace }}.svc
{{- end -}}

{{- define "undermesh.collector.scheme" -}}
{{- if eq .Values.tls.mode "off" }}HTTP{{ else }}HTTPS{{ end -}}
{{- end -}}
