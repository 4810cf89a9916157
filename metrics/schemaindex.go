package metrics

import (
	"slices"
	"strings"
)

// indexedSchema is a schema with its fields sorted and found by name in one step: the decoder's table.
type indexedSchema struct {
	Schema
	index map[string]int
}

// at returns the position of a field that the schema is known to have.
func (s *indexedSchema) at(field string) int { return s.index[field] }

type schemaTable []*indexedSchema

// schemas never changes after the program has started.
var schemas = indexSchemas(deploymentSchema(), commitSchema(), pullRequestSchema(), incidentSchema(), approvalSchema(), verdictSchema())

func (t schemaTable) of(e EventType) *indexedSchema {
	for _, s := range t {
		if s.Type == e {
			return s
		}
	}
	return nil
}

func indexSchemas(all ...Schema) schemaTable {
	var table schemaTable
	for _, s := range all {
		s.Fields = append(commonFields(), s.Fields...)
		slices.SortFunc(s.Fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
		x := &indexedSchema{Schema: s, index: make(map[string]int, len(s.Fields))}
		for i, f := range s.Fields {
			x.index[f.Name] = i
		}
		table = append(table, x)
	}
	return table
}
