package gate

import "testing"

func TestHowSureTheRecordIsThatTheLimitIsExceeded(t *testing.T) {
	t.Parallel()
	if got := sureAboveLimitPPM(4, 11, 6); got != 700_356 {
		t.Errorf("4 of 11 at a limit of 1 in 6: %d ppm, want 700356", got)
	}
	for _, c := range []struct{ oneIn, want int }{{10, 9}, {8, 9}, {6, 11}, {4, 14}} {
		failed := 0
		for sureAboveLimitPPM(failed, 30, c.oneIn) < 950_000 {
			failed++
		}
		if failed != c.want {
			t.Errorf("1 in %d: sure at %d of 30, want %d", c.oneIn, failed, c.want)
		}
	}
}

func TestCertaintyStaysAShareAndGrowsWithEachFailure(t *testing.T) {
	t.Parallel()
	for _, oneIn := range []int{2, 4, 6, 8, 10, maxOneIn} {
		last := int64(-1)
		for failed := range 31 {
			got := sureAboveLimitPPM(failed, 30, oneIn)
			if got < last || got > 1_000_000 {
				t.Errorf("1 in %d, %d of 30 failed: %d ppm after %d ppm", oneIn, failed, got, last)
			}
			last = got
		}
	}
}
