package reports

import (
	"html"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// weekly is the digest of a stage with weeks of which one was quiet.
func (s stage) weekly(team string) Digest {
	in := s.digest(team)
	first := time.Date(2025, time.December, 1, 0, 0, 0, 0, time.UTC)
	for i, n := range []int{8, 0, 40} {
		p := metrics.Point{Bucket: metrics.Bucket{Window: metrics.Window{From: first.AddDate(0, 0, 7*i), To: first.AddDate(0, 0, 7*i+7)}}}
		p.Scorecard.Frequency.Rollouts, p.Scorecard.FailRate.Count = n, n/8
		in.Weeks = append(in.Weeks, p)
	}
	return in
}

// picturing is the site whose engines the tests share; it draws where the chart library is built in.
func picturing(t *testing.T) *Site {
	t.Helper()
	s, err := ready()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func letterOf(t *testing.T, in Digest) Letter {
	t.Helper()
	l, err := picturing(t).Letter(t.Context(), WeeklyDigest(in))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var (
	sentence = regexp.MustCompile(`(?s)<(?:p|li|caption|h1|h2)\b[^>]*>(.*?)</(?:p|li|caption|h1|h2)>`)
	linkedTo = regexp.MustCompile(`href="([^"]+)"`)
)

func TestWhoReadsAMailAsTextLosesNothing(t *testing.T) {
	t.Parallel()
	for _, team := range []string{"shop " + harm, ""} {
		l := letterOf(t, stages(t)["plenty"].weekly(team))
		said := strings.ToLower(l.Text)
		for _, m := range sentence.FindAllStringSubmatch(l.HTML, -1) {
			words := html.UnescapeString(inTags.ReplaceAllString(m[1], ""))
			if strings.HasPrefix(words, "Made by") {
				continue
			}
			if !strings.Contains(said, strings.ToLower(strings.Join(strings.Fields(words), " "))) {
				t.Errorf("the text lacks %q", words)
			}
		}
		for _, m := range linkedTo.FindAllStringSubmatch(l.HTML, -1) {
			if !strings.Contains(l.Text, html.UnescapeString(m[1])+"\n") {
				t.Errorf("the text lacks the link %s", m[1])
			}
		}
		numbers := numbersIn(html.UnescapeString(inTags.ReplaceAllString(l.HTML[strings.Index(l.HTML, "<body"):], " ")))
		maps.DeleteFunc(numbers, func(n string, _ bool) bool { return numbersIn(l.Text)[n] })
		if len(numbers) > 0 {
			t.Errorf("the text lacks the numbers %v", numbers)
		}
		for _, words := range []string{"- 1 Dec 2025: deployments 8, of these failed 1\n", "- 8 Dec 2025: deployments 0, of these failed 0\n", "- 15 Dec 2025: deployments 40, of these failed 5\n"} {
			if !strings.Contains(l.Text, words) {
				t.Errorf("the text lacks %q:\n%s", words, l.Text)
			}
		}
	}
}

// What Gmail and Outlook strip or do not know stands in no mail; see letter.go.
func TestAMailsPageHoldsOnlyWhatMailProgramsShow(t *testing.T) {
	t.Parallel()
	l := letterOf(t, stages(t)["plenty"].weekly("shop "+harm))
	for _, not := range []string{"<svg", "<img", "cid:", "var(", "<style", "<script", "class=", "data:image", "display:flex", "display:grid"} {
		if strings.Contains(l.HTML, not) {
			t.Errorf("it holds %s", not)
		}
	}
	bars := regexp.MustCompile(`<td width="(\d+)%" bgcolor`).FindAllStringSubmatch(l.HTML, -1)
	if len(bars) != 2 || bars[0][1] != "20" || bars[1][1] != "99" {
		t.Errorf("of 8, none and 40 deployments the bars are %v", bars)
	}
	if !strings.Contains(l.Subject, "Weekly digest: shop") {
		t.Errorf("it is called %q", l.Subject)
	}
}

func TestTheChartsOfAMailGoAlongAsFiles(t *testing.T) {
	t.Parallel()
	s, in := picturing(t), stages(t)["plenty"].weekly("shop")
	l := letterOf(t, in)
	if !s.Interactive() {
		if len(l.Pictures) > 0 || strings.Contains(l.HTML, "goes along") {
			t.Error("it promises a chart that this program cannot draw")
		}
		return
	}
	if len(l.Pictures) != 1 || l.Pictures[0].Name != "how-often.svg" || !strings.Contains(l.HTML, "goes along as a file") {
		t.Fatalf("%d pictures go along", len(l.Pictures))
	}
	wellFormed(t, l.Pictures[0].SVG)
	drawn := string(l.Pictures[0].SVG)
	if strings.Contains(drawn, "<script") || strings.Count(drawn, "<path") < 4 {
		t.Errorf("a picture of two weeks with deployments, some failed, is\n%s", drawn)
	}
	for _, words := range []string{"no failure known", ">failed<", ">deployments<"} {
		if !strings.Contains(drawn, words) {
			t.Errorf("the picture lacks %q", words)
		}
	}
	in.Weeks = nil
	if l := letterOf(t, in); len(l.Pictures) > 0 || strings.Contains(l.Text, "WEEK BY WEEK") {
		t.Errorf("of no weeks there are %d pictures", len(l.Pictures))
	}
}

func TestAMailGoesOutWithoutAChartThatTakesTooLong(t *testing.T) {
	t.Parallel()
	s := site(t)
	if s.Interactive() {
		s.studio.engines.limit = time.Nanosecond
	}
	l, err := s.Letter(t.Context(), WeeklyDigest(stages(t)["one"].weekly("shop")))
	if err != nil || len(l.Pictures) > 0 || strings.Contains(l.HTML, "goes along") || !strings.Contains(l.HTML, "bgcolor") {
		t.Errorf("%d pictures, %v\n%s", len(l.Pictures), err, l.HTML)
	}
}

func TestWeeksBeforeTheFirstRecordAreNotDrawn(t *testing.T) {
	t.Parallel()
	in := stages(t)["one"].weekly("shop")
	in.First = in.Weeks[1].From.Add(time.Hour)
	if l := letterOf(t, in); strings.Contains(l.Text, "1 Dec 2025:") || !strings.Contains(l.Text, "8 Dec 2025: deployments 0") {
		t.Errorf("it says\n%s", l.Text)
	}
}
