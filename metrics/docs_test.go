package metrics

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestTheGuideNamesEveryFigureEditionAndExample(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, figure := range Figures() {
		if !strings.Contains(string(guide), "· `"+figure+"`") {
			t.Errorf("no section on %s", figure)
		}
	}
	for _, e := range Editions() {
		if !strings.Contains(string(guide), "`"+e.Name+"`") {
			t.Errorf("edition %s is not named", e.Name)
		}
	}
	for _, d := range Presets() {
		if !strings.Contains(string(guide), "`"+d.Name+"`") {
			t.Errorf("definition %s is not named", d.Name)
		}
	}
	examples, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile("`(Example[A-Z][A-Za-z_]*)`").FindAllStringSubmatch(string(guide), -1) {
		if !strings.Contains(string(examples), "func "+name[1]+"()") {
			t.Errorf("the guide names %s, which is no example", name[1])
		}
	}
}
