{{- define "softmigration.name" -}}
{{- if contains "softmigration" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-softmigration" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "softmigration.selector" -}}
app.kubernetes.io/name: softmigration
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "softmigration.labels" -}}
{{ include "softmigration.selector" . }}
app.kubernetes.io/component: operator
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "softmigration.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "softmigration.name" .) }}
{{- end }}

{{- define "softmigration.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "softmigration.routers" -}}
{{- $on := list }}
{{- if .Values.routers.httpRoute }}{{ $on = append $on "httproute" }}{{ end }}
{{- if .Values.routers.grpcRoute }}{{ $on = append $on "grpcroute" }}{{ end }}
{{- if .Values.routers.httpProxy }}{{ $on = append $on "httpproxy" }}{{ end }}
{{- if .Values.routers.virtualService }}{{ $on = append $on "virtualservice" }}{{ end }}
{{- if .Values.routers.traefikService }}{{ $on = append $on "traefikservice" }}{{ end }}
{{- if .Values.routers.canaryIngress }}{{ $on = append $on "canaryingress" }}{{ end }}
{{- if .Values.routers.service }}{{ $on = append $on "service" }}{{ end }}
{{- if .Values.routers.custom }}{{ $on = append $on "custom" }}{{ end }}
{{- if .Values.routers.bridge }}{{ $on = append $on "bridge" }}{{ end }}
{{- if not $on }}{{ fail "routers: at least one must be true; without any the operator moves nobody" }}{{ end }}
{{- join "," $on }}
{{- end }}

{{- define "softmigration.customRoutes" -}}
{{- $types := list }}
{{- range .Values.routers.custom }}{{ $types = append $types (printf "%s/%s/%s/%s" .group .version .plural .kind) }}{{ end }}
{{- join "," $types }}
{{- end }}

{{- define "softmigration.rules" -}}
- apiGroups: [softmigration.io]
  resources: [softmigrations]
  verbs: [get, list, watch, patch]
- apiGroups: [softmigration.io]
  resources: [softmigrations/status]
  verbs: [patch]
{{- if .Values.routers.httpRoute }}
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch, create, patch]
{{- end }}
{{- if .Values.routers.grpcRoute }}
- apiGroups: [gateway.networking.k8s.io]
  resources: [grpcroutes]
  verbs: [get, list, watch, create, patch]
{{- end }}
{{- if .Values.routers.httpProxy }}
- apiGroups: [projectcontour.io]
  resources: [httpproxies]
  verbs: [get, list, watch, patch]
{{- end }}
{{- if .Values.routers.virtualService }}
- apiGroups: [networking.istio.io]
  resources: [virtualservices]
  verbs: [get, list, watch, patch]
{{- end }}
{{- if .Values.routers.traefikService }}
- apiGroups: [traefik.io]
  resources: [traefikservices]
  verbs: [get, list, watch, patch]
{{- end }}
{{- if .Values.routers.canaryIngress }}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch, patch]
{{- end }}
{{- if .Values.routers.service }}
- apiGroups: [""]
  resources: [services]
  verbs: [get, patch]
{{- end }}
{{- range .Values.routers.custom }}
- apiGroups: [{{ .group }}]
  resources: [{{ .plural }}]
  verbs: [get, list, watch, patch]
{{- end }}
{{- if .Values.routers.bridge }}
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [services, serviceaccounts]
  verbs: [get, create, patch, delete]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, create, patch, delete]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [get, create, patch, delete]
{{- end }}
- apiGroups: [""]
  resources: [services]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
