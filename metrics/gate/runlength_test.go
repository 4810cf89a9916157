package gate

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestTheLineFollowsFromTheVolumeAndThePromise(t *testing.T) {
	t.Parallel()
	volumes := []int{5, 10, 20, 60, 200} // planned deployments a month
	for _, c := range []struct {
		sentence string
		oneIn    int
		years    int64
		want     []int
	}{
		{"1 in 10, one wrong stop a year", 10, 1, []int{10, 16, 19, 27, 35}},
		{"1 in 8, one wrong stop in two years", 8, 2, []int{14, 16, 20, 26, 33}},
		{"1 in 6, one wrong stop in two years", 6, 2, []int{11, 13, 16, 20, 25}},
		{"1 in 4, one wrong stop in three years", 4, 3, []int{9, 10, 12, 15, 18}},
	} {
		for i, volume := range volumes {
			got := Line(c.oneIn-1, volume, years(c.years), Fraction{1, int64(2 * c.oneIn)})
			if got != c.want[i] {
				t.Errorf("%s at %d a month: line %d, want %d", c.sentence, volume, got, c.want[i])
			}
		}
	}
}

// Exact means, large ones rounded. TestTheRecursionAgreesWithTheLinearSystem shows that they are exact.
func TestTheMeanRunLengthIsExact(t *testing.T) {
	t.Parallel()
	rates := []int64{2, 5, 8, 10, 15, 20, 30, 50} // percent
	for _, c := range []struct {
		step, line int
		want       []float64
	}{
		{9, 27, []float64{24815, 843, 187, 102, 42, 25, 14, 7.5}},
		{8, 22, []float64{14069, 716, 178, 99, 40, 24, 13, 6.6}},
		{6, 16, []float64{17539, 997, 245, 132, 49, 27, 14, 6.7}},
		{5, 13, []float64{19139, 1163, 291, 156, 56, 30, 14, 6.7}},
		{5, 15, []float64{66717, 2636, 512, 246, 75, 37, 17, 7.8}},
		{5, 18, []float64{456300, 8603, 1139, 460, 108, 48, 20, 9.3}},
		{4, 15, []float64{1.1e6, 19682, 2405, 908, 178, 68, 25, 10}},
		{3, 12, []float64{4.0e6, 64241, 7130, 2505, 400, 125, 34, 12}},
	} {
		for i, rate := range rates {
			got, _ := RunLength(c.step, c.line, Fraction{rate, 100}).Float64()
			want := c.want[i]
			slack := 0.5
			switch {
			case want >= 1e6:
				slack = 5e4
			case want > 400_000:
				slack = 50
			case want < 10:
				slack = 0.05
			}
			if got < want-slack-1e-9 || got > want+slack+1e-9 {
				t.Errorf("+%d, line %d at %d %%: %.3f, want %g", c.step, c.line, rate, got, want)
			}
		}
	}
}

func TestRunLengthAtItsEdges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence   string
		step, line int
		rate       Fraction
		want       *big.Rat
	}{
		{"what never fails is never blocked", 5, 16, Fraction{0, 1}, nil},
		{"what always fails is blocked as soon as the steps reach the line", 5, 16, Fraction{1, 1}, big.NewRat(4, 1)},
		{"a line at the step blocks at the first failure", 5, 5, Fraction{1, 20}, big.NewRat(20, 1)},
		// +1/-1 with line 2 and a fair coin: e0 = 1 + e0/2 + e1/2, e1 = 1 + e0/2, so e0 = 6.
		{"a fair coin needs six throws for two points", 1, 2, Fraction{1, 2}, big.NewRat(6, 1)},
	} {
		got := RunLength(c.step, c.line, c.rate)
		if (got == nil) != (c.want == nil) || (got != nil && got.Cmp(c.want) != 0) {
			t.Errorf("%s: %v, want %v", c.sentence, got, c.want)
		}
	}
}

// The textbook way: solve the linear system over all states by elimination in exact rationals.
func bySystem(step, line int, p *big.Rat) *big.Rat {
	q := new(big.Rat).Sub(big.NewRat(1, 1), p)
	rows := make([][]*big.Rat, line)
	for s := range rows {
		row := make([]*big.Rat, line+1)
		for i := range row {
			row[i] = new(big.Rat)
		}
		row[s].Add(row[s], big.NewRat(1, 1))
		row[max(0, s-1)].Sub(row[max(0, s-1)], q)
		if s+step < line {
			row[s+step].Sub(row[s+step], p)
		}
		row[line].SetInt64(1)
		rows[s] = row
	}
	for i := range rows {
		for j := range rows {
			if j == i || rows[j][i].Sign() == 0 {
				continue
			}
			factor := new(big.Rat).Quo(rows[j][i], rows[i][i])
			for c := range rows[j] {
				rows[j][c].Sub(rows[j][c], new(big.Rat).Mul(factor, rows[i][c]))
			}
		}
	}
	return new(big.Rat).Quo(rows[0][line], rows[0][0])
}

func TestTheRecursionAgreesWithTheLinearSystem(t *testing.T) {
	t.Parallel()
	for step := 1; step <= 5; step++ {
		for line := step + 1; line <= step+7; line++ {
			for _, p := range []Fraction{{1, 20}, {1, 3}, {7, 10}, {99, 100}} {
				if got, want := RunLength(step, line, p), bySystem(step, line, p.Rat()); got.Cmp(want) != 0 {
					t.Errorf("+%d, line %d at %s: %s, the system says %s", step, line, p, got, want)
				}
			}
		}
	}
}

// An independent check by chance: 20,000 runs have a standard error of mean/141, so 4 % is more than five of them.
func TestTheMeanAgreesWithASimulation(t *testing.T) {
	t.Parallel()
	const runs = 20_000
	for _, c := range []struct {
		step, line int
		percent    int64
	}{{5, 15, 10}, {9, 27, 20}, {7, 20, 25}, {3, 12, 30}} {
		random := rand.New(rand.NewPCG(1, uint64(c.step)))
		total := 0
		for range runs {
			for s := 0; s < c.line; total++ {
				if random.Int64N(100) < c.percent {
					s += c.step
				} else {
					s = max(0, s-1)
				}
			}
		}
		want, _ := RunLength(c.step, c.line, Fraction{c.percent, 100}).Float64()
		if got := float64(total) / runs; got < 0.96*want || got > 1.04*want {
			t.Errorf("+%d, line %d at %d %%: simulated %.1f, exact %.1f", c.step, c.line, c.percent, got, want)
		}
	}
}

func TestALowerRateOrAHigherLineNeverBlocksSooner(t *testing.T) {
	t.Parallel()
	for line := 6; line < 30; line++ {
		if RunLength(5, line+1, Fraction{1, 12}).Cmp(RunLength(5, line, Fraction{1, 12})) <= 0 {
			t.Errorf("line %d blocks no later than %d", line+1, line)
		}
	}
	for percent := int64(1); percent < 99; percent++ {
		if RunLength(5, 16, Fraction{percent, 100}).Cmp(RunLength(5, 16, Fraction{percent + 1, 100})) <= 0 {
			t.Errorf("%d %% blocks no later than %d %%", percent, percent+1)
		}
	}
}

func BenchmarkLine(b *testing.B) {
	for b.Loop() {
		Line(9, 200, years(1), Fraction{1, 20})
	}
}

func BenchmarkLineAtItsWorst(b *testing.B) {
	for b.Loop() {
		Line(maxOneIn-1, 100_000, years(maxYears), Fraction{1, 2 * maxOneIn})
	}
}
