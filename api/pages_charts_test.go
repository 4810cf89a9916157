package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestAnyPageWithChartsAnswersWithEachAsAPicture(t *testing.T) {
	t.Parallel()
	shared, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	s := paged(t)
	s.post("/api/v1/events", history("web", "....x...")+history(harm, ".x..")).is(http.StatusOK)
	if !shared.Interactive() {
		s.get("/?chart=how_often").is(http.StatusNotFound, "without the chart library")
		t.Skip("needs the chart library: 'make assets' puts it where the build embeds it")
	}
	for path, width := range map[string]string{
		"/?chart=day_map": "1160", "/?window=30d&chart=how_often&theme=light&width=400": "400", "/services/web?chart=timeline": "1160",
		"/services/" + url.PathEscape(harm) + "?chart=meter_history&theme=dark": "560",
	} {
		got := s.get(path).is(http.StatusOK, `<svg width="`+width+`"`, `role="img"`)
		for name, want := range map[string]string{"Content-Type": "image/svg+xml", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "Cache-Control": "private"} {
			if !strings.HasPrefix(got.header.Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, got.header.Get(name))
			}
		}
		if strings.Contains(got.body, "<script") || strings.Contains(got.body, "<img") {
			t.Errorf("%s: a name became markup", path)
		}
		s.ask("GET", path, "", "If-None-Match", got.header.Get("ETag")).is(http.StatusNotModified)
	}
}

func TestAPictureThatIsNotThereIsToldAsAProblemWithThoseThatAre(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("web", "....x...")).is(http.StatusOK)
	for path, want := range map[string]string{"/?chart=pie": "day_map, how_often", "/services/web?chart=": "timeline", "/services/none?chart=timeline": "no service is called none"} {
		if got := s.get(path).is(http.StatusNotFound, want); got.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s answers with %s", path, got.header.Get("Content-Type"))
		}
	}
	s.get("/?chart=day_map&theme=sepia").is(http.StatusBadRequest, "light, dark or auto")
	s.get("/?chart=day_map&width=9").is(http.StatusBadRequest, "240 to 2400")
	s.get("/?chart=day_map&width=wide").is(http.StatusBadRequest, "240 to 2400")
}

func TestAPageOffersThePictureOfItsOwnViewToBrowsersWithoutScripts(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("web", "....x...")).is(http.StatusOK)
	page := s.get("/services/web?window=30d").is(http.StatusOK)
	if strings.Contains(page.body, "without the chart library") {
		t.Skip("needs the chart library: 'make assets' puts it where the build embeds it")
	}
	page.is(http.StatusOK, `<noscript><picture>`, `src="/services/web?chart=timeline&amp;window=30d"`, `chart=timeline&amp;window=30d&amp;width=320"`)
	if strings.Contains(page.body, "need JavaScript") {
		t.Error("the page says that charts need JavaScript")
	}
}
