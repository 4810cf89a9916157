package prometheus

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

// Whatever Prometheus answers: points are numbers at times, and a judgement is one of three words, never good without enough data.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1772452800,"0.1"],[1772452860.5,"NaN"],[1772452920,"+Inf"],[1772452980,"0.2"],[1772453040,"0.2"]]}]}}`), 2.0, 0.01)
	f.Add([]byte(`{"data":{"result":[{"values":[[1e400,"1"]]}]},"warnings":["x"]}`), 1.0, -1.0)
	f.Add([]byte(`{"data":{"result":[{"values":[[1,"1e400"],[1],"x",null]}]}}`), 0.0, 0.0)
	f.Fuzz(func(t *testing.T, body []byte, ratio, floor float64) {
		var a answer
		if json.Unmarshal(body, &a) != nil {
			return
		}
		got, err := series{expected: 5, step: time.Minute}.take(a)
		if err != nil {
			return
		}
		for _, p := range got.points {
			if math.IsNaN(p.value) || math.IsInf(p.value, 0) || p.at.Year() < -2000 || p.at.Year() > 6000 {
				t.Errorf("point %v", p)
			}
		}
		signal := Signal{Name: "a", Ratio: math.Abs(ratio), Floor: &floor}
		switch f := signal.judge(got, got, 5*time.Minute); {
		case f.result != healthy && f.result != unhealthy && f.result != inconclusive, f.words == "":
			t.Errorf("it says %+v", f)
		case f.result == healthy && !got.known(), f.result == unhealthy && len(got.points) == 0:
			t.Errorf("it says %+v of %d points", f, len(got.points))
		}
	})
}

// A cursor that is read is written so that it reads the same.
func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(`{"v":1,"read":"2026-03-02T12:00:00Z","watches":{"ci/1":{"from":"2026-03-02T12:00:00Z","to":"2026-03-02T12:30:00Z","done":true}}}`)
	f.Add(`{"v":2}`)
	f.Add(`{"v":1,"total":-1,"left":["x"]}`)
	f.Fuzz(func(t *testing.T, saved string) {
		c, err := parseCursor("watch", saved)
		if err != nil {
			return
		}
		if again, err := parseCursor("watch", c.text()); err != nil || again.text() != c.text() {
			t.Errorf("%q reads back as another: %v", saved, err)
		}
	})
}
