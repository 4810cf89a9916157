package metrics

import (
	"strings"
	"testing"
	"time"
)

func TestAProgramIsKnownByTheWordBotInItsName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"renovate[bot]": true, "ci-bot": true, "bot": true, "Bot 7": true, "project_12_bot_a81f": true, "bot2": true, "ci_bot_2": true, "ci_bot2": true, " bot": true, "2bot": false, "[BOT]": true,
		"49699333+dependabot[bot]@users.noreply.example.org": true, "release-bot@example.org": true,
		"": false, "abbot": false, "Talbot": false, "bottle": false, "robot": false, "botond": false, "Béla Botár": false, "ébot": false,
		"Yann Le Bot": false, "le bot": false, "Le Bot": false, "simple bot": true, "jane@bot.example.org": false,
	} {
		if got := isBot(name); got != want {
			t.Errorf("%q is a program's: %t, want %t", name, got, want)
		}
	}
}

func TestConfiguredProgramsAreKnownByNameAndByPattern(t *testing.T) {
	t.Parallel()
	bots := []string{"Renovate", "deploy-*", "*-sync", ""}
	for name, want := range map[string]bool{
		"renovate": true, "RENOVATE": true, "deploy-eu": true, "argo-sync": true,
		"renovate2": false, "mydeploy-eu": false, "": false, "p:deploy-": false,
	} {
		if got := isConfiguredBot(name, bots); got != want {
			t.Errorf("%q: %t, want %t", name, got, want)
		}
	}
}

func TestAConfiguredProgramIsKnownBehindItsPseudonym(t *testing.T) {
	t.Parallel()
	key, bots := []byte("k"), []string{"renovate", "deploy-*"}
	for name, marked := range map[string]bool{"renovate": true, "deploy-eu": true, "ada": false} {
		e, err := HidePeople(NewEvent("hub", Commit{ID: "c", Author: name, AuthoredAt: monday}), key, bots)
		if err != nil {
			t.Fatal(err)
		}
		if text := string(e.Payload); strings.Contains(text, name) || strings.Contains(text, "[bot]") != marked {
			t.Errorf("%s became %s, want it marked: %t", name, text, marked)
		}
	}
	before := Pseudonym(key, "renovate") // stored when nobody had configured it
	if isConfiguredBot(before, bots) || !isConfiguredBot(before, HideBots(bots, key)) {
		t.Error("a name that is configured later must be recognised in what is stored")
	}
}

func TestAConfiguredProgramsChangesAndReviewsAreThoseOfAProgram(t *testing.T) {
	t.Parallel()
	s := newTale().commit("c1").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(20, 0)).
		add(Commit{ID: "c2", Repository: "acme/api", AuthoredAt: clock(8, 0), Author: "renovate", Parents: []string{"c1"}}).
		add(PullRequest{ID: "7", Repository: "acme/api", CreatedAt: clock(8, 1), MergedAt: clock(10, 0), Author: "renovate", Commits: []string{"c2"},
			Reviews: []Review{{At: clock(8, 5), Author: "merge-queue"}, {At: clock(9, 5), Author: "ada"}}})
	if ch := s.derive(t).Rollouts[1].Changes[0]; ch.Bot || !ch.ReviewedAt.Equal(clock(8, 5)) {
		t.Errorf("nothing configured: %+v", ch)
	}
	s.rules.Bots = []string{"renovate", "merge-*"}
	if ch := s.derive(t).Rollouts[1].Changes[0]; !ch.Bot || !ch.ReviewedAt.Equal(clock(9, 5)) {
		t.Errorf("configured: %+v", ch)
	}
}

func TestAServicesOwnAttributionWindowHolds(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1").deploy("d1", "c1", clock(9, 0)).incident("i1", clock(12, 1)).incident("i2", clock(11, 59))
	s.rules.Services = []Service{{Name: "api", AttributionWindow: 3 * time.Hour}}
	f := s.expect(t, "d1 planned baseline; incident (i2, inferred)")
	if l := f.Incidents[0]; l.Reason != "no live rollout finished within 3h0m0s before it" {
		t.Errorf("the reason is %q", l.Reason)
	}
}
