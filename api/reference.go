package api

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
)

func (s *Server) referenceRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/openapi.json", scope: Public, summary: "This interface as an OpenAPI description", handle: s.openAPI, response: map[string]any{}},
		{method: http.MethodGet, path: "/api", scope: Public, summary: "This interface as a page", handle: s.reference},
	}
}

func (s *Server) openAPI(request) (reply, error) {
	body, err := json.MarshalIndent(describe(s.table, s.o.Version), "", "  ")
	return reply{Body: append(body, '\n'), Type: jsonType}, err
}

// referencePage needs no style and no script, so that nothing but this file is needed to read it.
var referencePage = template.Must(template.New("reference").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>shiphabit: interface for programs</title>
</head>
<body>
<main>
<h1>Interface for programs</h1>
<p>The same as a description for tools: <a href="/openapi.json">openapi.json</a>. Errors are problem+json and say place, fault and remedy.
A token, where one is needed, goes into <code>Authorization: Bearer …</code>. Events are described in docs/events.md of the program's sources.</p>
{{range .}}<section>
<h2><code>{{.Method}} {{.Path}}</code></h2>
<p>{{.Summary}}.{{if .Scope}} Scope of the token: <code>{{.Scope}}</code>.{{end}}</p>
{{if .Query}}<table>
<caption>Query</caption>
<thead><tr><th scope="col">name</th><th scope="col">meaning</th></tr></thead>
<tbody>{{range .Query}}<tr><td><code>{{.Name}}</code></td><td>{{.Meaning}}</td></tr>{{end}}</tbody>
</table>
{{end}}</section>
{{end}}</main>
</body>
</html>
`))

// referenceRow is one route as the page shows it.
type referenceRow struct {
	Method, Path, Summary, Scope string
	Query                        []referenceParameter
}

type referenceParameter struct{ Name, Meaning string }

func (s *Server) reference(request) (reply, error) {
	var rows []referenceRow
	for _, at := range s.table {
		if at.scope == Page {
			continue
		}
		row := referenceRow{Method: at.method, Path: openPath(at.path), Summary: strings.TrimSuffix(at.summary, ".")}
		if at.scope != Public && at.scope != Signed {
			row.Scope = string(at.scope)
		}
		for _, p := range at.query {
			row.Query = append(row.Query, referenceParameter{p.name, p.meaning})
		}
		rows = append(rows, row)
	}
	var page bytes.Buffer
	err := referencePage.Execute(&page, rows)
	return reply{Body: page.Bytes(), Type: htmlType}, err
}
