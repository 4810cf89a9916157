package api

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"shiphabit/reports"
)

// The tests in the browser and the pictures of every page go by a list; a page that is missing there would be looked at by nobody.
func TestTheListOfPagesForTheBrowserIsThatOfTheRoutes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "reports", "web", "pages.json"))
	if err != nil {
		t.Fatal(err)
	}
	var listed []struct{ Name, Route, On, Like string }
	if err := json.Unmarshal(text, &listed); err != nil {
		t.Fatal(err)
	}
	site, err := reports.New("test")
	if err != nil {
		t.Fatal(err)
	}
	names, routes := map[string]bool{}, map[string]bool{}
	for _, one := range listed {
		if names[one.Name] {
			t.Errorf("two pages are called %q", one.Name)
		}
		names[one.Name], routes[one.Route] = true, true
	}
	var served []string
	for _, at := range (&Server{o: Options{Site: site}}).pageRoutes() {
		if at.method == http.MethodGet {
			served = append(served, at.path)
			if !routes[at.path] {
				t.Errorf("%s is a page and stands not in reports/web/pages.json", at.path)
			}
		}
	}
	for route := range routes {
		if !slices.Contains(served, route) {
			t.Errorf("reports/web/pages.json lists %s, which is no page", route)
		}
	}
}
