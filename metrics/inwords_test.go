package metrics

import "testing"

func TestASpanStandsInTheUnitThatLeavesAtLeastOneOfIt(t *testing.T) {
	t.Parallel()
	for want, seconds := range map[string]float64{
		"0 s": 0, "0.25 s": 0.25, "45 s": 45, "12 min": 720, "59 min": 3540, "1.4 h": 81 * 60, "23 h": 23 * hourSpan, "1 d": 24.9 * hourSpan, "68 d": 68 * daySpan,
		"52 wk": 52 * weekSpan, "−2 h": -2 * hourSpan,
	} {
		if got := InWords(seconds); got != want {
			t.Errorf("%v s are %q, want %q", seconds, got, want)
		}
	}
}

func TestSpansOfOneLineStandInTheUnitOfTheShortest(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		spans []float64 // minutes
		want  string
	}{
		"an interval over the hour stays in minutes":     {[]float64{57, 44, 78}, "57 min, 44 min, 78 min"},
		"an interval over the day stays in hours":        {[]float64{24.9 * 60, 20 * 60, 30 * 60}, "25 h, 20 h, 30 h"},
		"nought sets no unit":                            {[]float64{90, 0, 120}, "1.5 h, 0 h, 2 h"},
		"all nought are seconds":                         {[]float64{0, 0}, "0 s, 0 s"},
		"a difference may be below nought":               {[]float64{-90, 30}, "−90 min, 30 min"},
		"what one unit is not fit for stands in its own": {[]float64{5, 3 * 24 * 60}, "5 min, 3 d"},
	} {
		var seconds []*float64
		for _, m := range c.spans {
			seconds = append(seconds, new(60*m))
		}
		word, got := InOneUnit(append(seconds, nil)...), ""
		for i, s := range seconds {
			if i > 0 {
				got += ", "
			}
			got += word(*s)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", sentence, got, c.want)
		}
	}
}

func TestASpanBesideAFigureStandsInTheUnitOfTheFigureWhereItCanBeReadInIt(t *testing.T) {
	t.Parallel()
	word := InOneUnit(new(26*hourSpan), new(20*hourSpan), new(31*hourSpan), nil)
	for want, seconds := range map[string]float64{"43 h": 43 * hourSpan, "0.5 h": hourSpan / 2, "5 min": 300, "30 d": 30 * daySpan, "0 h": 0, "−1.5 min": -90} {
		if got := word(seconds); got != want {
			t.Errorf("%v s beside hours are %q, want %q", seconds, got, want)
		}
	}
	if got := InOneUnit(nil)(43 * hourSpan); got != "1.8 d" {
		t.Errorf("beside no figure 43 hours are %q", got)
	}
}
