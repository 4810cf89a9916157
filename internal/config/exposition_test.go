package config

import (
	"slices"
	"strings"
	"testing"
)

func TestAnEmptyListOfWhatIsExposedIsNotTheSameAsNone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Exposition{
		"":                                {},
		"exposition: {}":                  {},
		"exposition: {services: []}":      {Services: []string{}},
		"exposition: {teams: [pay, web]}": {Teams: []string{"pay", "web"}},
		"exposition: {teams: [], services: [shop]}": {Teams: []string{}, Services: []string{"shop"}},
	} {
		c, err := Parse("s.yaml", []byte(text), Options{})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for _, list := range [][2][]string{{c.Exposition.Teams, want.Teams}, {c.Exposition.Services, want.Services}} {
			if !slices.Equal(list[0], list[1]) || (list[0] == nil) != (list[1] == nil) {
				t.Errorf("%q names %#v, want %#v", text, list[0], list[1])
			}
		}
	}
}

func TestMoreNamesThanCanBeExposedAreRefused(t *testing.T) {
	t.Parallel()
	text := func(n int) []byte { return []byte("exposition: {services: [" + strings.Repeat("x, ", n) + "]}") }
	if _, err := Parse("s.yaml", text(mostExposed), Options{}); err != nil {
		t.Errorf("the most that there may be: %v", err)
	}
	_, err := Parse("s.yaml", text(mostExposed+1), Options{})
	if err == nil || !strings.Contains(err.Error(), "exposition.services: names 1001") {
		t.Errorf("one more: %v", err)
	}
}
