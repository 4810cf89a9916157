package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

const ciSecret = "correct-horse-battery"

// hookProcess is the program with a configuration that takes webhooks.
func hookProcess(t *testing.T, settings string) (p process, file, db string) {
	t.Helper()
	p = newProcess(t)
	p.env = append(p.env, "CI_SECRET="+ciSecret)
	file, db = filepath.Join(p.home, "s.yaml"), filepath.Join(p.home, "s.db")
	write(t, file, settings)
	return p, file, db
}

const ciSource = "sources:\n  - name: ci\n    type: webhook\n    settings: {webhook_secret: \"${CI_SECRET}\"}\n"

// pushTo sends a signed delivery and returns what became of it.
func pushTo(url, id, body string) (status int, answer string, err error) {
	mac := hmac.New(sha256.New, []byte(ciSecret))
	mac.Write([]byte(body))
	request, err := http.NewRequest(http.MethodPost, url+"/hooks/ci", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("X-Shiphabit-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	request.Header.Set("X-Shiphabit-Delivery", id)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func pushedDeployment(id string) string {
	return fmt.Sprintf(`{"type":"deployment","id":%q,"service":"api","environment":"production","status":"succeeded","revision":"r%s","finished_at":"2026-03-03T10:00:00Z"}`, id, id)
}

func TestWhatCouldNotBeReadIsListedAndReadAgain(t *testing.T) {
	t.Parallel()
	p, settings, db := hookProcess(t, ciSource)
	url, output := p.serve("serve", "--config", settings, "--db", db)
	if output.Len() == 0 {
		t.Error("the server says nothing")
	}
	elsewhere := strings.Replace(pushedDeployment("2"), `"id"`, `"source":"other","id"`, 1)
	status, answer, err := pushTo(url, "d1", pushedDeployment("1")+"\n"+elsewhere)
	if err != nil || status != http.StatusOK || !strings.Contains(answer, "set aside") {
		t.Fatalf("%d %s %v", status, answer, err)
	}
	if list := p.must("hooks", "list", "--db", db); !strings.Contains(list, "d1") || !strings.Contains(list, "other") || !strings.Contains(list, "yes") {
		t.Errorf("listed:\n%s", list)
	}
	var listed []unreadDelivery
	if err := json.Unmarshal([]byte(p.must("hooks", "list", "--db", db, "--format", "json")), &listed); err != nil || len(listed) != 1 || listed[0].SetAsideCount != 1 {
		t.Errorf("%+v, %v", listed, err)
	}
	if _, errs, code := p.run("hooks", "replay", "--config", settings, "--db", db); code != exitUsage || !strings.Contains(errs, "1 of 1 deliveries are left unread") {
		t.Errorf("%d %s", code, errs)
	}
	renamed := filepath.Join(p.home, "renamed.yaml")
	write(t, renamed, "sources: []\n")
	if _, errs, code := p.run("hooks", "replay", "--config", renamed, "--db", db); code != exitUsage || !strings.Contains(errs, "no such source") {
		t.Errorf("%d %s", code, errs)
	}
	makeReadable(t, db)
	if _, errs, code := p.run("hooks", "replay", "--config", settings, "--db", db, "--source", "ci", "--id", "d1"); code != 0 || !strings.Contains(errs, "1 new events, 1 known") {
		t.Errorf("%d %s", code, errs)
	}
	if _, errs, code := p.run("hooks", "list", "--db", db); code != 0 || !strings.Contains(errs, "could be read") {
		t.Errorf("%d %s", code, errs)
	}
}

// makeReadable keeps another body for d1, as if the program had learned to read it.
func makeReadable(t *testing.T, db string) {
	t.Helper()
	opened := openKept(t, db)
	kept, err := opened.Kept(t.Context(), "ci", "d1")
	if err != nil {
		t.Fatal(err)
	}
	kept.Body = []byte(strings.Replace(string(kept.Body), `"source":"other",`, "", 1))
	kept.SetAside = []store.SetAside{{Record: "r", Reason: "not yet"}}
	if _, err := opened.Deliver(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
}

func openKept(t *testing.T, db string) *store.DB {
	t.Helper()
	opened, err := store.Open(t.Context(), db, store.Options{Rules: metrics.DefaultRules()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

func TestAKilledServerHasEveryDeliveryThatItAnswered(t *testing.T) {
	t.Parallel()
	p, settings, db := hookProcess(t, ciSource)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	command := p.command(ctx, "serve", "--config", settings, "--db", db, "--listen", "127.0.0.1:0")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, err := out.Read(line)
	url := address.FindString(string(line[:n]))
	if err != nil || url == "" {
		t.Fatalf("%q, %v", line[:n], err)
	}
	var mu sync.Mutex
	var answered []string
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d", worker, i)
				status, _, err := pushTo(url, id, pushedDeployment(id))
				if err != nil {
					return // it is killed
				}
				if status != http.StatusOK {
					t.Errorf("status %d", status)
					return
				}
				mu.Lock()
				answered = append(answered, id)
				enough := len(answered) == 400
				mu.Unlock()
				if enough {
					_ = command.Process.Kill()
				}
			}
		})
	}
	all.Wait()
	_ = command.Wait()
	opened := openKept(t, db)
	stored := map[string]bool{}
	if err := opened.Export(t.Context(), func(e metrics.Event) error { stored[e.ID] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, id := range answered {
		if done, err := opened.Deliver(t.Context(), store.Delivery{Source: "ci", ID: id}); err != nil || !done.Repeated || !stored[id] {
			t.Fatalf("%s was answered: known %v, its event stored %v, %v", id, done.Repeated, stored[id], err)
		}
	}
}

func TestASourceThatIsPushedIsNotRead(t *testing.T) {
	t.Parallel()
	p, settings, db := hookProcess(t, ciSource)
	if _, errs, code := p.run("collect", "--config", settings, "--db", db, "--source", "ci"); code != exitUsage || !strings.Contains(errs, "/hooks/ci") {
		t.Errorf("%d %s", code, errs)
	}
	p.must("collect", "--config", settings, "--db", db)
	if _, errs, code := p.run("config", "check", settings); code != 0 || !strings.Contains(errs, "/hooks/ci") {
		t.Errorf("%d %s", code, errs)
	}
	bare := filepath.Join(p.home, "bare.yaml")
	write(t, bare, "sources:\n  - {name: ci, type: cdevents}\n")
	if _, errs, code := p.run("config", "check", bare); code != exitUsage || !strings.Contains(errs, "webhook_secret is missing") {
		t.Errorf("%d %s", code, errs)
	}
}

// yamlBlock and shBlock are what stands in a document to be copied.
var (
	yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	shBlock   = regexp.MustCompile("(?s)```sh\n(.*?)```")
)

func TestTheConfigurationsOfThePagesOnWebhooksAreGood(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"webhook", "cdevents"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", "integrations", page+".md"))
		if err != nil {
			t.Fatal(err)
		}
		blocks := yamlBlock.FindAllSubmatch(text, -1)
		if len(blocks) == 0 {
			t.Errorf("%s shows no configuration", page)
		}
		for _, block := range blocks {
			c, err := config.Parse(page, block[1], config.Options{Env: func(string) string { return ciSecret }})
			if err != nil || len(hooksOf(c)) == 0 {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

func TestTheCommandsOfThePagesOnWebhooksWork(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"curl", "openssl", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not there", tool)
		}
	}
	for page, more := range map[string]string{"webhook": "", "cdevents": ""} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", "integrations", page+".md"))
		if err != nil {
			t.Fatal(err)
		}
		p, settings, db := hookProcess(t, string(yamlBlock.FindSubmatch(text)[1])+more)
		p.env = append(p.env, "SHIPHABIT_WEBHOOK_SECRET="+ciSecret)
		url, _ := p.serve("serve", "--config", settings, "--db", db)
		for _, block := range shBlock.FindAllSubmatch(text, -1) {
			script := strings.ReplaceAll(string(block[1]), "https://shiphabit.example.org", url)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			command := exec.CommandContext(ctx, "sh", "-euc", script)
			command.Env = append(p.env, "no_proxy=127.0.0.1")
			out, err := command.CombinedOutput()
			cancel()
			if err != nil || !strings.Contains(string(out), `"outcome":"stored"`) {
				t.Errorf("%s: %v\n%s\n%s", page, err, script, out)
			}
		}
	}
}

func TestEveryKindThatTakesWebhooksTellsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for name, kind := range sourceKinds() {
		if kind.hook == nil {
			continue
		}
		source := config.Source{Name: "s", Type: name, Settings: map[string][]string{}, Secrets: map[string]config.Secret{"webhook_secret": ciSecret}}
		hook := hooksOf(config.Config{Sources: []config.Source{source}})["s"]
		if hook == nil {
			t.Fatalf("%s takes nothing", name)
		}
		for _, body := range []string{"", "{", "[]", "null", "\x00\xff", `{"a":1}`} {
			if hook.Authentic(http.Header{}, []byte(body)) {
				t.Errorf("%s takes %q from anybody", name, body)
			}
			if read := hook.Parse(http.Header{}, []byte(body)); len(read.Events) > 0 || len(read.SetAside) == 0 && read.Ignored == "" {
				t.Errorf("%s: %q gives %+v", name, body, read)
			}
		}
	}
}
