package api_test

import (
	"fmt"
	"html"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// steps is a history of twelve weeks in which the deployments grow and shrink, with a silence, some at night, and one rollback.
func steps(service string, n int) string {
	var lines strings.Builder
	at := noon.AddDate(0, 0, -83)
	for i := range n {
		at = at.Add(time.Duration(5+(i*7)%17) * time.Hour)
		if i == n/2 {
			at = at.AddDate(0, 0, 9)
		}
		var commits []string
		for c := range i * i % 5 {
			commits = append(commits, fmt.Sprintf(`"%s%dc%d"`, service[:1], i, c))
		}
		fmt.Fprintf(&lines, `{"type":"deployment","id":"%s-%d","service":%q,"environment":"production","status":"succeeded","revision":"r%d","repository":"o/%s","commits":[%s],"finished_at":%q}`+"\n",
			service, i, service, i, service[:1], strings.Join(commits, ","), at.Format(time.RFC3339))
	}
	fmt.Fprintf(&lines, `{"type":"deployment","id":"%s-back","service":%q,"environment":"production","status":"succeeded","revision":"r1","repository":"o/%s","finished_at":%q}`+"\n",
		service, service, service[:1], at.Add(time.Hour).Format(time.RFC3339))
	return lines.String()
}

var (
	rowOf  = regexp.MustCompile(`(?s)<tr[^>]*>(.*?)</tr>`)
	cellOf = regexp.MustCompile(`(?s)<t[hd][^>]*>(.*?)</t[hd]>`)
	tagOf  = regexp.MustCompile(`<[^>]*>`)
)

// tableOf are the rows of the table with a caption, as the page shows them; none when the page has no such table.
func tableOf(page, caption string) [][]string {
	_, rest, found := strings.Cut(page, "<caption>"+caption+"</caption>")
	if !found {
		return nil
	}
	rest, _, _ = strings.Cut(rest, "</table>")
	_, rest, _ = strings.Cut(rest, "<tbody")
	var rows [][]string
	for _, row := range rowOf.FindAllStringSubmatch(rest, -1) {
		var cells []string
		for _, cell := range cellOf.FindAllStringSubmatch(row[1], -1) {
			cells = append(cells, html.UnescapeString(tagOf.ReplaceAllString(cell[1], "")))
		}
		rows = append(rows, cells)
	}
	return rows
}

// shownIndex is the index made anew from what the pages of its explanation show: the deployments, the days and the pauses.
func shownIndex(t site, path string) (value float64, deployments [][]string) {
	t.Helper()
	first := t.get(path).is(http.StatusOK).body
	pages := 1
	if of := regexp.MustCompile(`Page 1 of (\d+)`).FindStringSubmatch(first); of != nil {
		pages, _ = strconv.Atoi(of[1])
	}
	for page := 1; page <= pages; page++ {
		deployments = append(deployments, tableOf(t.get(fmt.Sprintf("%s&page=%d", path, page)).is(http.StatusOK).body, "Planned deployments by time")...)
	}
	number := func(s string) float64 { n, _ := strconv.ParseFloat(strings.Fields(s)[0], 64); return n } // of "no change known" it is 0
	var batch, perDay, pauses []float64
	slots, onDay, off, deployed := map[string]float64{}, map[string]float64{}, 0.0, map[string]bool{}
	for _, d := range deployments {
		changes := number(d[2])
		for range int(changes) {
			batch = append(batch, changes)
		}
		slots[d[3]] += changes
		onDay[d[5]] += changes
		deployed[d[0][:10]] = true
		if d[4] == "outside hours" {
			off++
		}
	}
	with := 0.0
	for _, d := range tableOf(first, "Days with and without a planned deployment") {
		if date := d[0][4:]; d[1] == "working day" {
			perDay = append(perDay, onDay[date])
			if deployed[date] {
				with++
			}
		}
	}
	for _, p := range tableOf(first, "Pauses, the longest first") {
		pauses = append(pauses, number(p[0]))
	}
	busiest, sum := []float64{}, 0.0
	for _, n := range slots {
		busiest, sum = append(busiest, n), sum+n
	}
	slices.Sort(busiest)
	apart := 0.0
	for _, a := range perDay {
		for _, b := range perDay {
			apart += math.Abs(a - b)
		}
	}
	c := func(v float64) float64 { return math.Max(0, math.Min(1, v)) }
	days, two := float64(len(perDay)), busiest[len(busiest)-1]+busiest[len(busiest)-2]
	value = 25*c((with/days-.05)/.55) + 20*c(math.Log10(10/math.Max(1, rank(pauses, .9)))) + 20*c(math.Log(20/rank(batch, .5))/math.Log(20)) +
		15*(1-c((two/sum-.2)/.7)) + 10*c((.95-apart/(2*days*sum))/.6) + 10*(1-c(2*off/float64(len(deployments))))
	if rank(pauses, .5) >= 5 || rank(pauses, .9) >= 10 {
		value = math.Min(40, value)
	}
	return value, deployments
}

// rank is the quantile between the closest ranks.
func rank(values []float64, q float64) float64 {
	slices.Sort(values)
	at := q * float64(len(values)-1)
	low, high := values[int(at)], values[min(int(at)+1, len(values)-1)]
	return low + (at-math.Floor(at))*(high-low)
}

func TestTheIndexFollowsFromTheRowsThatItsPageShows(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", steps("api", 130)+steps("worker", 40)).is(http.StatusOK)
	for service, n := range map[string]int{"api": 130, "worker": 40} {
		path := "/explain/index?service=" + service
		index := into[metrics.Index](s.get("/api/v1/services/" + service + "/index").is(http.StatusOK))
		value, deployments := shownIndex(s, path)
		if index.Value == nil || math.Abs(value-float64(*index.Value)) > .5 || len(deployments) != n || index.N != n {
			t.Errorf("%s: the rows of the page give %.2f from %d deployments, the index is %+v", service, value, len(deployments), index)
		}
		page := s.get(path).is(http.StatusOK, "Records left out: 1", "not planned: rollback", "event-versus-habit/1", "60 working days counted; left out: 24 free days of the week", "Monday to Friday, 9 to 18 h, UTC")
		if !strings.Contains(page.body, fmt.Sprintf(`<span class="number">%d</span>`, *index.Value)) {
			t.Errorf("%s: the page does not show %d", service, *index.Value)
		}
		records := regexp.MustCompile(`href="(/services/` + service + `/record[^"]*)"`).FindStringSubmatch(page.body)
		s.get(html.UnescapeString(records[1])).is(http.StatusOK, "What is wrong")
	}
	s.get("/explain/index?service=api&page=2").is(http.StatusOK, "Page 2 of 2", "/api/v1/services/api/index/explain")
}

func TestTheIndicesOfTheOrganisationAndOfATeamOpenIntoTheirServices(t *testing.T) {
	t.Parallel()
	s := owned(t)
	s.post("/api/v1/events", steps("api", 30)+steps("worker", 8)+history(harm, "..x")).is(http.StatusOK)
	for start, services := range map[string][]string{"/": {"api", "worker", "idle", harm}, "/teams/pay": {"api", "worker"}} {
		link := regexp.MustCompile(`href="(/explain/index[^"]*)">How the index`).FindStringSubmatch(s.get(start).is(http.StatusOK).body)
		if link == nil {
			t.Fatalf("%s does not lead to how its index is made", start)
		}
		page := s.get(html.UnescapeString(link[1])).is(http.StatusOK, "there is none of a team or of the organisation")
		var led []string
		for _, to := range regexp.MustCompile(`href="(/explain/index\?[^"]*service=[^"]*)"`).FindAllStringSubmatch(page.body, -1) {
			address, err := url.Parse(html.UnescapeString(to[1]))
			if err != nil {
				t.Fatal(err)
			}
			led = append(led, address.Query().Get("service"))
			s.get(address.String()).is(http.StatusOK, "From the parts to the index")
		}
		slices.Sort(led)
		slices.Sort(services)
		if !slices.Equal(led, services) {
			t.Errorf("%s leads to %v, want %v", start, led, services)
		}
	}
	for _, page := range []string{"/services/api", "/services", "/teams/pay", "/"} {
		s.get(page).is(http.StatusOK, `href="/explain/index?service=api"`)
	}
	s.get("/explain/index?team=nobody").is(http.StatusNotFound, "No team is called nobody")
	s.get("/explain/index?service=nobody").is(http.StatusNotFound, "o service is called nobody")
	s.get("/explain/index?service=idle").is(http.StatusOK, "nothing between 0 and 100 is ruled out", "There is no pause", "Nothing was left out")
}

func TestAnIndexThatIsARangeOrNotComparableSaysWhy(t *testing.T) {
	t.Parallel()
	s := paged(t)
	rules := metrics.DefaultRules()
	rules.Services = []metrics.Service{{Name: "firmware", Cadence: "two releases a year"}}
	db, err := store.Open(t.Context(), t.TempDir()+"/cadence.db", store.Options{Rules: rules, Clock: s.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s = paged(t, func(o *api.Options) { o.Store = keptBy{db} })
	s.post("/api/v1/events", steps("firmware", 4)).is(http.StatusOK)
	s.get("/explain/index?service=firmware").is(http.StatusOK, "Not comparable", "two releases a year", "below six the index is a range", "the parts without input may bring up to 55 more")
	s.get("/explain/index").is(http.StatusOK, "not comparable: it follows two releases a year")
	s.get("/services").is(http.StatusOK, "not comparable")
	got := into[indexPageOf](s.get("/api/v1/services/firmware/index/explain").is(http.StatusOK))
	if got.Index.NotComparable == "" || got.Index.Value != nil || got.Open != 55 || got.Definition != metrics.IndexDefinition {
		t.Errorf("%+v", got)
	}
}

type indexPageOf struct {
	metrics.IndexExplanation
	Next string
}

func TestTheExplanationOfAnIndexComesInPagesThatHoldEveryRowOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", steps("api", 30)+steps("bee", 3)+steps("cat", 7)).is(http.StatusOK)
	const path = "/api/v1/services/api/index/explain?limit=7"
	records, cursor := map[string]int{}, ""
	for pages := 0; ; pages++ {
		page := into[indexPageOf](s.get(path + "&cursor=" + url.QueryEscape(cursor)).is(http.StatusOK))
		if n := len(page.Deployments) + len(page.LeftOut); n > 7 || len(page.Days) != 84 || len(page.Index.Parts) != 6 {
			t.Fatalf("a page of %d rows, %d days", n, len(page.Days))
		}
		for _, d := range page.Deployments {
			records[d.Record]++
		}
		for _, l := range page.LeftOut {
			records[l.Record]++
		}
		if cursor = page.Next; cursor == "" {
			break
		}
		if pages > 9 {
			t.Fatal("the pages do not end")
		}
	}
	for record, n := range records {
		if n != 1 {
			t.Errorf("%s is told %d times", record, n)
		}
	}
	if len(records) != 31 {
		t.Errorf("%d records, want 31", len(records))
	}
	list := into[struct {
		Services []struct{ Service, Explain string }
		Next     string
	}](s.get("/api/v1/explain/index?limit=2").is(http.StatusOK))
	if len(list.Services) != 2 || list.Services[1].Service != "bee" || list.Next == "" {
		t.Fatalf("%+v", list)
	}
	s.get(list.Services[1].Explain).is(http.StatusOK, `"service":"bee"`)
	s.get("/api/v1/explain/index?limit=2&cursor="+url.QueryEscape(list.Next)).is(http.StatusOK, `"service":"cat"`)
	s.get("/api/v1/explain/index?cursor="+url.QueryEscape(list.Next)).is(http.StatusOK, `"service":"cat"`)
	s.get("/api/v1/explain/index?service=none").is(http.StatusNotFound, "fits no service")
	s.get("/api/v1/services/none/index/explain").is(http.StatusNotFound)
	s.get(path+"&cursor=other:1:").is(http.StatusBadRequest, "another question")
	s.get("/api/v1/services/api/index/explain?as_of=2026-01-05").is(http.StatusOK, `"to":"2026-01-05T00:00:00Z"`)
}
