package reports

import (
	"bytes"
	"strings"
	"testing"

	"shiphabit/metrics"
)

func TestTheBandOfAnIndexIsToldInOneWordEverywhere(t *testing.T) {
	t.Parallel()
	site, err := New("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	for word, c := range map[string]struct {
		index        metrics.Index
		table, strip string
	}{
		"scheduled":      {metrics.Index{State: metrics.NotEnoughData, Low: 28, High: 40, N: 4, Band: "scheduled"}, `28–40 <span class="tail">scheduled</span>`, "28–40 scheduled<"},
		"settling":       {metrics.Index{State: metrics.OK, Value: new(68), Low: 68, High: 68, N: 30, Band: "settling"}, `68 <span class="tail">settling</span>`, "68 settling<"},
		"not sure yet":   {metrics.Index{State: metrics.NotEnoughData, Low: 10, High: 40, N: 3}, `10–40 <span class="tail">not sure yet</span>`, "10–40<"},
		"not comparable": {metrics.Index{State: metrics.OK, Value: new(68), Low: 68, High: 68, Band: "settling", NotComparable: "app store"}, ">not comparable<", ">not comparable<"},
	} {
		if got := BandWord(c.index); got != word {
			t.Errorf("%+v is %q, not %q", c.index, got, word)
		}
		page := Overview{Rows: []ServiceRow{{Service: metrics.Service{Name: "a"}, Index: c.index}, {Service: metrics.Service{Name: "b"}}}}
		for part, want := range map[string]string{"servicetable": c.table, "strip": c.strip} {
			overview, err := site.page("overview")
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := overview.ExecuteTemplate(&out, part, page); err != nil || !strings.Contains(out.String(), want) {
				t.Errorf("%s does not say %s: %v %s", part, want, err, out.String())
			}
		}
	}
}
