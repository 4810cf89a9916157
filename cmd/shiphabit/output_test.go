package main

import "testing"

func TestWhatIsPrintedStandsInOneLineInTheDirectionOfItsTable(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"pay\tments\n": "pay ments ", "a\u202egnp.b": "a gnp.b", "a\u200bb": "a b", "Größe – ok": "Größe – ok"} {
		if got := printable(given); got != want {
			t.Errorf("%q is printed as %q, want %q", given, got, want)
		}
	}
}
