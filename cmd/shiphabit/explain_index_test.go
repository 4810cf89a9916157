package main

import (
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"shiphabit/metrics"
)

func TestTheIndexIsExplainedInEveryFormat(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	of := append([]string{"explain", "index", "--as-of", "2026-03-09"}, explained(t, p)[:2]...)
	var whole struct {
		Definition string
		Services   []metrics.IndexExplanation
	}
	if err := json.Unmarshal([]byte(p.must(append(of, "--format", "json")...)), &whole); err != nil || len(whole.Services) != 2 || whole.Definition != metrics.IndexDefinition {
		t.Fatalf("%v: %+v", err, whole)
	}
	rows, err := csv.NewReader(strings.NewReader(p.must(append(of, "--format", "csv")...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(p.must(append(of, "--format", "jsonl")...)), "\n")
	table := p.must(of...)
	n := 0
	for i, x := range whole.Services {
		n += len(x.Deployments) + len(x.LeftOut)
		if x.Index.N != len(x.Deployments) || x.Index.N == 0 || !strings.Contains(lines[i], `"service":"`+x.Service+`"`) {
			t.Errorf("%s: %d deployments, an index of %d; line %.80s", x.Service, len(x.Deployments), x.Index.N, lines[i])
		}
		for _, words := range []string{x.Service + ": " + indexText(x.Index), x.Deployments[0].Record, strconv.Itoa(len(x.Deployments)) + " rows counted"} {
			if !strings.Contains(table, words) {
				t.Errorf("the table lacks %q:\n%s", words, table)
			}
		}
	}
	if len(rows) != 1+n || len(lines) != 2 || n != 6 {
		t.Errorf("%d deployments as JSON, %d rows of CSV, %d lines", n, len(rows), len(lines))
	}
	if one := p.must(append(of, "--service", "web")...); strings.Contains(one, "api: ") || !strings.Contains(one, "web: ") {
		t.Errorf("narrowed to web:\n%s", one)
	}
	if _, errs, code := p.run(append(of, "--from", "2026-01-01")...); code != exitUsage || !strings.Contains(errs, "--from is not for the index") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

func TestNoCellOfAnExplainedIndexIsAFormula(t *testing.T) {
	t.Parallel()
	x := metrics.IndexExplanation{
		Service:     "=1",
		Deployments: []metrics.IndexDeployment{{Record: "+1"}},
		LeftOut:     []metrics.LeftOut{{Record: "@1", Reason: "-1"}},
	}
	var out strings.Builder
	if err := writeIndexRows(csv.NewWriter(&out), func(yield func(metrics.IndexExplanation) error) error { return yield(x) }); err != nil {
		t.Fatal(err)
	}
	for _, cells := range []string{"true,'=1,'+1,", "false,'=1,'@1,", ",'-1\n"} {
		if !strings.Contains(out.String(), cells) {
			t.Errorf("the rows lack %q:\n%s", cells, out.String())
		}
	}
}
