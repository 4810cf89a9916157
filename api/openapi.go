package api

import (
	"net/http"
	"strings"

	"shiphabit/metrics"
)

// object is a JSON object of the description.
type object = map[string]any

// describe makes the OpenAPI 3.1 description of the routes for programs. The table that registers them is its only source.
func describe(table []route, version string) object {
	types := newSchemaSet()
	paths := object{}
	for _, at := range table {
		if at.scope == Page || !strings.HasPrefix(at.path, "/api/") && at.scope != Public && at.scope != Signed {
			continue
		}
		path := openPath(at.path)
		methods, _ := paths[path].(object)
		if methods == nil {
			methods = object{}
			paths[path] = methods
		}
		methods[strings.ToLower(at.method)] = operation(at, types)
	}
	schemas := types.all
	schemas["Problem"] = problemSchema(types)
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "shiphabit", "version": version, "license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "Deployment figures, the release gate and the five questions. Errors are application/problem+json (RFC 9457). GET answers carry an ETag.",
		},
		"paths": paths,
		"components": object{
			"schemas":         schemas,
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer", "description": "An API token made by 'shiphabit token create', or for the gate the token of a pipeline's job"}},
		},
	}
}

// openPath turns gin's ":name" into OpenAPI's "{name}".
func openPath(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if name, is := strings.CutPrefix(part, ":"); is {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

func operation(at route, types *schemaSet) object {
	op := object{"summary": at.summary, "operationId": operationID(at), "responses": responses(at, types)}
	if at.scope != Public && at.scope != Signed {
		op["security"] = []object{{"token": []string{string(at.scope)}}}
	}
	if parameters := parametersOf(at); len(parameters) > 0 {
		op["parameters"] = parameters
	}
	if at.request != nil {
		op["requestBody"] = object{"required": true, "content": object{jsonType: object{"schema": types.of(at.request)}}}
	}
	return op
}

const jsonType = "application/json"

// operationID is made of method and path: "get_gate_decisions_id".
func operationID(at route) string {
	path := strings.NewReplacer(":", "", ".", "_", "-", "_").Replace(strings.TrimPrefix(strings.TrimPrefix(at.path, "/api/v1"), "/"))
	return strings.ToLower(at.method) + "_" + strings.ReplaceAll(strings.Trim(path, "/"), "/", "_")
}

func parametersOf(at route) []object {
	var all []object
	for part := range strings.SplitSeq(at.path, "/") {
		if name, is := strings.CutPrefix(part, ":"); is {
			all = append(all, object{"name": name, "in": "path", "required": true, "schema": object{"type": "string"}})
		}
	}
	for _, p := range at.query {
		all = append(all, object{"name": p.name, "in": "query", "description": p.meaning, "schema": object{"type": "string"}})
	}
	if at.path == "/api/v1/gate/decisions" && at.method == http.MethodPost {
		all = append(all, object{
			"name": "Idempotency-Key", "in": "header", "schema": object{"type": "string", "maxLength": maxKey},
			"description": "<run>/<attempt>/<service>/<environment>/<digest>, scoped to the caller",
		})
	}
	return all
}

func responses(at route, types *schemaSet) object {
	good := object{"description": "Done"}
	if at.response != nil {
		good["content"] = object{jsonType: object{"schema": types.of(at.response)}}
	}
	problem := object{
		"description": "Any error",
		"content":     object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}},
	}
	return object{"2XX": good, "default": problem}
}

func problemSchema(types *schemaSet) object {
	text := object{"type": "string"}
	return object{
		"type": "object", "required": []string{"type", "title", "status"},
		"properties": object{
			"type": text, "title": text, "status": object{"type": "integer"},
			"detail":      object{"type": "string", "description": "place, fault and remedy"},
			"faults":      object{"type": "array", "items": types.of(metrics.Fault{})},
			"fault_count": object{"type": "integer"},
			"new":         object{"type": "integer", "description": "events stored anew, of a request with faults"},
			"known":       object{"type": "integer", "description": "events known before, of a request with faults"},
		},
	}
}
