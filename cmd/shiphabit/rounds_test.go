package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

var roundID = regexp.MustCompile(`ar_[0-9A-Za-z]+`)

// chatRoom is a chat with an incoming webhook.
type chatRoom struct {
	url  string
	mu   sync.Mutex
	told []string
}

func newChatRoom(t *testing.T) *chatRoom {
	t.Helper()
	c := &chatRoom{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.told = append(c.told, r.URL.Path+" "+string(body))
	}))
	t.Cleanup(server.Close)
	c.url = server.URL + "/hook/s3cret"
	return c
}

func (c *chatRoom) heard() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told
}

func pageOf(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, response.StatusCode, err)
	}
	return string(body)
}

func (p process) write(name, text string) string {
	p.t.Helper()
	path := filepath.Join(p.home, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func TestARoundOfOwnQuestionsIsRunFromTheCommandLine(t *testing.T) {
	t.Parallel()
	p, chat := newProcess(t), newChatRoom(t)
	own := strings.Replace(p.must("assess", "questions"), "id: shiphabit", "id: ours", 1)
	own = strings.Replace(own, "How often do you deploy to production?", "How often does a change of ours reach people?", 1)
	p.write("own.yaml", own)
	_, errs, code := p.run("assess", "questions", "own.yaml")
	if code != 0 || !strings.Contains(errs, "set ours, version 1: 5 questions, 5 of them beside evidence") {
		t.Fatalf("%d %s", code, errs)
	}
	p.write("bad.yaml", strings.Replace(own, "evidence: E1", "evidence: E9", 1))
	if _, errs, code := p.run("assess", "questions", "bad.yaml"); code != exitUsage || !strings.Contains(errs, "bad.yaml:") || !strings.Contains(errs, "E9") {
		t.Errorf("%d %s", code, errs)
	}
	p.env = append(p.env, "CHAT="+chat.url)
	config := p.write("ship.yaml", `
teams: [{name: pay, size: 6, notify: {webhooks: [room]}}, {name: docs, size: 5}]
assessment: {questions: own.yaml}
notify:
  public_url: https://ship.example.org
  webhooks: [{name: room, url: "${CHAT}"}]
`)
	url, output := p.serve("serve", "--config", config, "--db", filepath.Join(p.home, "r.db"))
	assess := func(args ...string) (string, string, int) {
		return p.run(append([]string{"assess", args[0], "--server", url}, args[1:]...)...)
	}
	_, errs, _ = assess("open", "--team", "pay", "--open-link", "--draft")
	round := roundID.FindString(errs)
	if form := pageOf(t, url+"/assessments/"+round+"/form"); !strings.Contains(form, "How often does a change of ours reach people?") {
		t.Fatal("the form asks other questions")
	}
	out, errs, code := assess("open", round)
	if code != 0 || strings.Count(out, "/assess/") != 1 {
		t.Fatalf("%s%s", out, errs)
	}
	for left := range 2 {
		if _, errs, code := assess("remind", round); code != 0 || !strings.Contains(errs, "Sent: webhook room") {
			t.Errorf("reminder %d: %d %s", left+1, code, errs)
		}
	}
	if told := chat.heard(); len(told) != 2 || !strings.HasPrefix(told[0], "/hook/s3cret ") || !strings.Contains(told[0], "https://ship.example.org/assess/") {
		t.Errorf("%q", told)
	}
	if _, errs, code := assess("remind", round, "--copy"); code != exitUsage || !strings.Contains(errs, "more would be pressure") {
		t.Errorf("%d %s", code, errs)
	}
	if out, _, _ := assess("status"); !strings.Contains(out, "0 of 6") || !strings.Contains(out, "2 of 2") {
		t.Error(out)
	}
	if _, errs, code := assess("discard", round); code != exitUsage {
		t.Errorf("an open round was discarded: %s", errs)
	}
	for _, verb := range []string{"close", "publish"} {
		if _, errs, code := assess(verb, round); code != 0 {
			t.Errorf("%s: %s", verb, errs)
		}
	}
	_, errs, _ = assess("open", "--team", "docs", "--draft")
	if _, errs, code := assess("discard", roundID.FindString(errs)); code != 0 {
		t.Error(errs)
	}
	if strings.Contains(output.String(), "s3cret") || strings.Contains(p.must("config", "check", config), "s3cret") {
		t.Error("the address of the webhook is shown")
	}
}
