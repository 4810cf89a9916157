package api

import (
	"os/exec"
	"strings"
	"testing"
)

func TestTheSuggestedCommandNamesTheTeamAndRunsNothingOfItsName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 30) + "name"
	for team, bound := range map[string]string{
		"pay":            "--team pay",
		"pay.core_2":     "--team pay.core_2",
		"the pay team":   "--team='the pay team'",
		"$(rm -rf ~)":    "--team='$(rm -rf ~)'",
		"`id`; id & id":  "--team='`id`; id & id'",
		`it's "ours" \`:  `--team='it'\''s "ours" \'`,
		"'; id; echo '":  `--team=''\''; id; echo '\'''`,
		"--scope":        "--team='--scope'",
		"-x":             "--team='-x'",
		"Zahlungen süd!": "--team='Zahlungen süd!'",
		"two\nlines":     "--team='two\nlines'",
		long:             "--team='" + long + "'",
	} {
		command := bindCommand(team, "read,assess")
		if want := "shiphabit token create NAME " + bound + " --scope read,assess"; command != want {
			t.Errorf("%q: %s", team, command)
		}
		read, err := exec.CommandContext(t.Context(), "sh", "-c", `shiphabit() { printf '<%s>' "$@"; }; `+command).Output() //nolint:gosec // that is what is tested
		if err != nil {
			t.Fatal(err)
		}
		if args := strings.Replace(string(read), "<--team><", "<--team=", 1); args != "<token><create><NAME><--team="+team+"><--scope><read,assess>" {
			t.Errorf("a shell reads %s", args)
		}
	}
}
