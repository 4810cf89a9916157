package git

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestWhatATagNameSays(t *testing.T) {
	t.Parallel()
	type said struct {
		version   string
		component string
		pre       bool
	}
	for tag, want := range map[string]said{
		"v1.2.3":                        {"1.2.3", "", false},
		"1.2":                           {"1.2", "", false},
		"V2.0":                          {"2.0", "", false},
		"release-1.2.3":                 {"1.2.3", "", false},
		"releases/v1.2.3":               {"1.2.3", "", false},
		"shop-1.2.3":                    {"1.2.3", "", false}, // the repository itself
		"api/v1.2.3":                    {"1.2.3", "api", false},
		"services/api/v1.2.3":           {"1.2.3", "services/api", false},
		"api@1.2.3":                     {"1.2.3", "api", false},
		"@team/api@1.2.3":               {"1.2.3", "team/api", false},
		"api-release-1.2.3":             {"1.2.3", "api", false},
		"go1.21.3":                      {"1.21.3", "go", false},
		"curl-7_88_1":                   {"7_88_1", "curl", false},
		"R_2_4_1":                       {"2_4_1", "", false},
		"2026-11-22":                    {"2026-11-22", "", false},
		"deploy-2026-11-22":             {"2026-11-22", "", false},
		"deploy-2026-11-22-2":           {"2026-11-22-2", "", false},
		"v1.2.3-rc.1":                   {"1.2.3-rc.1", "", true},
		"v1.2.3-RC1":                    {"1.2.3-RC1", "", true},
		"1.2.3rc1":                      {"1.2.3rc1", "", true},
		"v1.2.3beta":                    {"1.2.3beta", "", true},
		"v1.2.3-alpha.1+build.5":        {"1.2.3-alpha.1+build.5", "", true},
		"1.0a1":                         {"1.0a1", "", true},
		"3.0.0-M4":                      {"3.0.0-M4", "", true},
		"1.0.0-SNAPSHOT":                {"1.0.0-SNAPSHOT", "", true},
		"nightly-2026.11.22":            {"2026.11.22", "", true},
		"v1.2.3-hotfix1":                {"1.2.3-hotfix1", "", false},
		"v1.2.3+rc.of.something":        {"1.2.3+rc.of.something", "", false}, // build metadata is no pre-release
		"1.2.3.Final":                   {"1.2.3.Final", "", false},
		"v1.2.3-1":                      {"1.2.3-1", "", false},
		"issue-12-v1.2":                 {"1.2", "issue-12", false},
		"v1.2.3-</script>":              {"1.2.3-</script>", "", false},
		"v" + strings.Repeat("1.", 400): {},
		"v1":                            {},
		"release-7":                     {},
		"latest":                        {},
		"":                              {},
		"2026":                          {},
		"v1.2.":                         {},
	} {
		v, ok := parseVersion(tag)
		got := said{}
		if ok {
			got = said{v.String(), v.component("shop"), v.pre}
		}
		if got != want {
			t.Errorf("%s says %+v, want %+v", tag, got, want)
		}
	}
}

func TestTheOrderOfVersions(t *testing.T) {
	t.Parallel()
	ascending := []string{"v0.49.0", "1.9.0", "v1.10", "v1.10.0-beta.2", "v1.10.0-rc.2", "v1.10.0-rc.10", "v2.3.0", "v2.3.0-hotfix1", "v2.3.1", "2026-01-09", "2026-01-10"}
	for i := range ascending {
		for j := range ascending {
			a, _ := parseVersion(ascending[i])
			b, _ := parseVersion(ascending[j])
			if got, want := a.compare(b), cmp.Compare(i, j); got != want {
				t.Errorf("%s against %s is %d, want %d", ascending[i], ascending[j], got, want)
			}
		}
	}
}

func TestWhichMergesBringAHotfix(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]bool{
		"Merge branch 'hotfix/prices'":                               true,
		"Merge branch 'hotfix/prices' into 'main'":                   true,
		"Merge branch \"hotfix-prices\"":                             true,
		"Merge pull request #12 from ada/hotfix/prices":              true,
		"Merge remote-tracking branch 'origin/hotfix/1.2.1'":         true,
		"Merged in hotfix/prices (pull request #12)":                 true,
		"Merge branch 'feature/hotfix-button'":                       false,
		"Merge branch 'no-hotfix'":                                   false,
		"Merge branch 'feature/lists'":                               false,
		"Merge pull request #12 from hotfix-team/lists":              false,
		"hotfix: prices":                                             false,
		"Merge branch 'main' into hotfix/prices":                     false,
		"Merge branch 'hotfixture'":                                  false,
		"Merge commit '0123456789012345678901234567890123456789'":    false,
		"Merge branches 'a', 'b' and 'hotfix/c' of example.org/shop": false,
	} {
		if got := mergesHotfix(subject); got != want {
			t.Errorf("%q: %v", subject, got)
		}
	}
}

func TestWhichCommitsAreMadeByMachines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, email string
		want        bool
	}{
		{"dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com", true},
		{"Renovate", "bot@renovateapp.com", true},
		{"x", "29139614+renovate[bot]@users.noreply.github.com", true},
		{"GitHub Actions", "github-actions@github.com", true},
		{"Robert Botham", "bob@example.org", false},
		{"Abbot", "abbot@example.org", false},
		{"", "", false},
		{"House", "house@example.org", true}, // named by the options
	} {
		if got := isBot(ident{name: c.name, email: c.email}, []string{"house", ""}); got != c.want {
			t.Errorf("%s <%s>: %v", c.name, c.email, got)
		}
	}
}

func TestDatesOfCommits(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]time.Time{
		"1767604000":            time.Unix(1767604000, 0).UTC(),
		"0":                     epoch,
		"-5":                    epoch,
		"-99999999999999999999": epoch,
		"99999999999999999999":  endOfTime,
		"253402300800":          endOfTime, // the first second of the year 10000
		"yesterday":             {},
		"":                      {},
		"12x":                   {},
	} {
		if got := parseSeconds(said); !got.Equal(want) {
			t.Errorf("%q is %v, want %v", said, got, want)
		}
	}
}

const someID = "0123456789abcdef0123456789abcdef01234567"

func FuzzObject(f *testing.F) {
	f.Add("tree " + someID + "\nparent " + someID + "\nauthor A <a@example.org> 1 +0000\ncommitter A <a@example.org> 2 +0000\n\nsubject\n\nThis reverts commit x.\n")
	f.Add("object " + someID + "\ntype commit\ntag v1\ntagger A <> -1 +0000\n\nhotfix")
	f.Add("author <<>> >\nauthor >< 1\n\n\n\xff")
	f.Fuzz(func(t *testing.T, body string) {
		o := parseObject(someID, "commit", []byte(body))
		for _, p := range append(o.parents, someID) {
			if !isID([]byte(p)) {
				t.Errorf("parent %q is no object name", p)
			}
		}
		for _, s := range []string{o.author.name, o.author.email, subject(o.message), essence(o.message)} {
			if !utf8.ValidString(s) {
				t.Errorf("%q is not UTF-8", s)
			}
		}
		for _, at := range []time.Time{o.author.at, o.committed} {
			if at.After(endOfTime) || !at.IsZero() && at.Before(epoch) {
				t.Errorf("date %v", at)
			}
		}
		if n := len(subject(o.message)); n > maxSubject {
			t.Errorf("subject of %d bytes", n)
		}
	})
}

func FuzzVersion(f *testing.F) {
	for _, tag := range []string{"v1.2.3-rc.1+x", "api/v1.2", "2026-11-22", "1_2_3", "\xff1.2"} {
		f.Add(tag, "shop")
	}
	f.Fuzz(func(t *testing.T, tag, repository string) {
		v, ok := parseVersion(tag)
		if !ok {
			return
		}
		if !strings.HasSuffix(tag, v.String()) || !strings.HasPrefix(tag, v.prefix) {
			t.Errorf("%q is not made of %+v", tag, v)
		}
		if !strings.ContainsAny(v.number, "0123456789") {
			t.Errorf("number %q of %q", v.number, tag)
		}
		if again, ok := parseVersion(tag); !ok || again != v {
			t.Errorf("%q says %+v and then %+v", tag, v, again)
		}
		_ = v.component(repository)
		_ = newScheme(repository, map[string]string{repository: tag, tag: repository}, []string{tag}).String()
	})
}

func FuzzRecords(f *testing.F) {
	f.Add(someID+"\ntree x\n\n    s\x00"+someID+"\n\x00", "0123456789 commit 5\nhello\n", someID+"  refs/tags/v1\n")
	f.Fuzz(func(t *testing.T, listing, batch, refs string) {
		records := recordReader{in: bufio.NewReaderSize(strings.NewReader(listing), 16)}
		for {
			record, err := records.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if o, ok := parseListed(record); ok && !isID([]byte(o.id)) {
				t.Errorf("commit %q", o.id)
			}
		}
		r := bufio.NewReader(strings.NewReader(batch))
		for range 10 {
			if _, _, err := readBatch(r, someID); err != nil {
				break
			}
		}
		found, _, err := parseRefs(strings.NewReader(refs))
		for name, object := range found {
			if err == nil && (!isID([]byte(object)) || name == "" && !strings.Contains(refs, " ")) {
				t.Errorf("reference %q is %q", name, object)
			}
		}
		files, err := parseTouched(bufio.NewReader(strings.NewReader(listing)), []string{"a", "a/b", someID})
		for commit, list := range files {
			if err == nil && (!isID([]byte(commit)) || len(list) > 3) {
				t.Errorf("%q touches %q", commit, list)
			}
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add(`{"version":1,"settings":"x","mode":"tags","scheme":"","tags":{"v1":"-abc"},"totals":{}}`)
	f.Add("")
	f.Fuzz(func(t *testing.T, saved string) {
		c, err := parseCursor("here", saved, "x")
		if err != nil {
			return
		}
		again, err := parseCursor("here", c.String(), "x")
		if err != nil || again.String() != c.String() {
			t.Errorf("%q is read as %s and then %s (%v)", saved, c, again, err)
		}
	})
}
