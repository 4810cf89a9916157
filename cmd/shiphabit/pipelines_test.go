package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The snippets of deploy/pipelines are run as their runners run them: the commands are taken out of the files, and a real server answers.

// snippet is a file of deploy/pipelines for one service.
func snippet(t *testing.T, name, service string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "pipelines", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "payments-api", service)
}

// workplace is a runner's folder with the program on the path and a deploy command that writes down that it ran.
type workplace struct {
	process
	folder string
}

// workplace makes a runner of its own that asks the server at url.
func (p process) workplace(url string, env ...string) workplace {
	p.t.Helper()
	folder := p.t.TempDir()
	program, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	bin := filepath.Join(folder, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		p.t.Fatal(err)
	}
	executable(p.t, filepath.Join(bin, "shiphabit"), fmt.Sprintf("#!/bin/sh\n%s=1 exec %q \"$@\"\n", asProgram, program))
	executable(p.t, filepath.Join(folder, "deploy.sh"), "#!/bin/sh\necho \"$@\" >>deployed\n[ ! -e broken ]\n")
	own := []string{
		raceExit, "HOME=" + folder, "XDG_CACHE_HOME=" + filepath.Join(folder, "cache"), "TMPDIR=" + folder,
		"PATH=" + bin + ":" + os.Getenv("PATH"), "SHIPHABIT_URL=" + url,
	}
	return workplace{process{p.t, folder, append(own, env...)}, folder}
}

func executable(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// shell runs a script as a runner does, and returns what it printed and its exit code.
func (w workplace) shell(script string, env ...string) (out string, code int) {
	w.t.Helper()
	command := exec.CommandContext(w.t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	command.Dir, command.Env = w.folder, append(w.env, env...)
	text, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	return string(text), command.ProcessState.ExitCode()
}

// deployed reports whether the deploy command was called.
func (w workplace) deployed() bool {
	_, err := os.Stat(filepath.Join(w.folder, "deployed"))
	return err == nil
}

// told is what became of one run of a pipeline.
type told struct{ failed, deployed bool }

// pipeline runs a snippet for a service in a workplace.
type pipeline struct {
	file string
	env  []string
	run  func(w workplace, text, service string) (output string, failed bool)
}

var pipelines = map[string]pipeline{
	"GitHub Actions": {"github-actions.yml", []string{"GITHUB_RUN_ID=8123", "GITHUB_RUN_ATTEMPT=1", "GITHUB_SHA=c0ffee", "GITHUB_STEP_SUMMARY=summary.md"}, runActions},
	"GitLab CI":      {"gitlab-ci.yml", []string{"CI_JOB_ID=77", "CI_COMMIT_SHA=c0ffee"}, runGitLab},
	"Jenkins":        {"Jenkinsfile", []string{"BUILD_TAG=jenkins-pay-7", "GIT_COMMIT=c0ffee"}, runJenkins},
	"a shell":        {"gate.sh", nil, runShell},
}

func TestEveryPipelineDeploysWhenItMayAndReportsHowItWent(t *testing.T) {
	t.Parallel()
	for name, r := range pipelines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, url := gateServer(t)
			for _, c := range []struct {
				sentence, service string
				broken            bool
				want              told
				says              string
			}{
				{"a steady service goes out", "steady", false, told{deployed: true}, "succeeded, booked as gate/gd_"},
				{"a shaky service is stopped, and no failure is booked", "shaky", false, told{failed: true}, "BLOCK"},
				{"a hold that lasts stops it", "vault", false, told{failed: true}, "HOLD"},
				{"a deployment that fails is reported as failed", "newborn", true, told{failed: true, deployed: true}, "failed, booked as gate/gd_"},
			} {
				w := p.workplace(url, r.env...)
				if c.broken {
					write(t, filepath.Join(w.folder, "broken"), "")
				}
				output, failed := r.run(w, strings.ReplaceAll(snippet(t, r.file, c.service), "10m", "1s"), c.service)
				got := told{failed: failed, deployed: w.deployed()}
				if got != c.want || !strings.Contains(output, c.says) {
					t.Errorf("%s: failed %v and deployed %v, want %v and %v with %q in:\n%s", c.sentence, got.failed, got.deployed, c.want.failed, c.want.deployed, c.says, output)
				}
			}
			if log := p.must("gate", "log", "--server", url, "--format", "json"); strings.Count(log, `"caller"`) < 4 {
				t.Errorf("not every question is in the log:\n%s", log)
			}
		})
	}
}

func TestEveryPipelineWaitsOutAHold(t *testing.T) {
	t.Parallel()
	for name, r := range pipelines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, url := holding(t)
			w := p.workplace(url, r.env...)
			// The agreed 30 minutes after the change before are over in a few seconds.
			events := history("soon", "......", 30*time.Minute-15*time.Second)
			if _, errs, code := p.runWith(events, "import", "--db", filepath.Join(p.home, "gate.db"), "--config", filepath.Join(p.home, "shiphabit.yaml"), "-"); code != exitOK {
				t.Fatal(errs)
			}
			output, failed := r.run(w, snippet(t, r.file, "soon"), "soon")
			if failed || !w.deployed() || !strings.Contains(output, "asking again in") || !strings.Contains(output, "booked as gate/gd_") {
				t.Errorf("failed %v, deployed %v:\n%s", failed, w.deployed(), output)
			}
		})
	}
}

// holding serves an empty database with a service that waits for the change before.
func holding(t *testing.T) (process, string) {
	t.Helper()
	p := newProcess(t)
	settings := filepath.Join(p.home, "shiphabit.yaml")
	write(t, settings, `services:
  - {name: soon, tier: high}
policies: # the snippets say nothing of monitoring
  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: high}, applies_to: {tier: high}, criteria: {monitoring-live: {required: false}}}
`)
	url, _ := p.serve("serve", "--db", filepath.Join(p.home, "gate.db"), "--config", settings)
	return p, url
}

func TestEveryPipelineGoesOnWithoutAGateWhereThePolicyLeavesItOpen(t *testing.T) {
	t.Parallel()
	const nobody = "http://127.0.0.1:9" // the discard port: nothing listens
	for name, r := range pipelines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newProcess(t).workplace(nobody, r.env...)
			output, failed := r.run(w, snippet(t, r.file, "steady"), "steady")
			if failed || !w.deployed() || !strings.Contains(output, "unjudged") {
				t.Errorf("open: failed %v, deployed %v:\n%s", failed, w.deployed(), output)
			}
			w = newProcess(t).workplace(nobody, append(r.env, "SHIPHABIT_UNREACHABLE=closed")...)
			closed := strings.ReplaceAll(snippet(t, r.file, "steady"), "gate check", "gate check --patience 0s")
			if !strings.Contains(closed, "SHIPHABIT_UNREACHABLE") {
				t.Error("it does not say how to close it")
			}
			if output, failed := r.run(w, closed, "steady"); !failed || w.deployed() {
				t.Errorf("closed: failed %v, deployed %v:\n%s", failed, w.deployed(), output)
			}
		})
	}
}

// step is a step of a GitHub workflow.
type step struct {
	id, condition, run string
	goesOn             bool
}

var expression = regexp.MustCompile(`\$\{\{\s*(.*?)\s*\}\}`)

// stepsOf takes the steps that run commands out of a workflow.
func stepsOf(workflow string) []step {
	var steps []step
	lines := strings.Split(workflow, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if strings.HasPrefix(line, "- ") {
			steps = append(steps, step{})
			line = strings.TrimPrefix(line, "- ")
		}
		if len(steps) == 0 {
			continue
		}
		last := &steps[len(steps)-1]
		key, value, _ := strings.Cut(line, ": ")
		switch key {
		case "id":
			last.id = value
		case "if":
			last.condition = value
		case "continue-on-error":
			last.goesOn = value == "true"
		case "run":
			last.run = value
			if value == "|" {
				last.run, i = block(lines, i)
			}
		}
	}
	return steps
}

// block is the text of a YAML block that begins below a line, and the index of its last line.
func block(lines []string, at int) (string, int) {
	depth := func(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
	var text []string
	for at+1 < len(lines) && lines[at+1] != "" && depth(lines[at+1]) > depth(lines[at]) && !strings.HasPrefix(strings.TrimSpace(lines[at+1]), "- ") {
		at++
		text = append(text, strings.TrimSpace(lines[at]))
	}
	return strings.Join(text, "\n"), at
}

// runActions runs a workflow's one job as GitHub does: a step without a condition needs all before it to have succeeded.
func runActions(w workplace, workflow, _ string) (output string, failed bool) {
	outcomes := map[string]string{}
	value := func(text string) string {
		return expression.ReplaceAllStringFunc(text, func(found string) string {
			name := strings.TrimSuffix(strings.TrimPrefix(expression.FindStringSubmatch(found)[1], "steps."), ".outcome")
			return outcomes[name]
		})
	}
	for _, s := range stepsOf(workflow) {
		if s.run == "" {
			continue
		}
		if met := s.condition == "" && !failed || s.condition != "" && holds(w.t, s.condition, outcomes); !met {
			outcomes[s.id] = "skipped"
			continue
		}
		said, code := w.shell(value(s.run))
		output += said
		outcomes[s.id] = "success"
		if code != 0 {
			outcomes[s.id] = "failure"
			failed = failed || !s.goesOn
		}
	}
	return output, failed
}

// holds evaluates the form of condition that the workflow has.
func holds(t *testing.T, condition string, outcomes map[string]string) bool {
	t.Helper()
	for term := range strings.SplitSeq(expression.FindStringSubmatch(condition)[1], " && ") {
		left, right, compared := strings.Cut(term, " == ")
		switch {
		case term == "always()":
		case compared:
			name := strings.TrimSuffix(strings.TrimPrefix(left, "steps."), ".outcome")
			if outcomes[name] != strings.Trim(right, "'") {
				return false
			}
		default:
			t.Fatalf("a condition of a form that nobody here knows: %q", term)
		}
	}
	return true
}

// script takes the commands below a key of a job out of a GitLab configuration.
func script(t *testing.T, text, job, key string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n"+job+":\n")
	if !found {
		t.Fatalf("there is no job %s", job)
	}
	if end := regexp.MustCompile(`(?m)^\S`).FindStringIndex(rest); end != nil {
		rest = rest[:end[0]]
	}
	_, rest, found = strings.Cut(rest, "\n  "+key+":\n")
	if !found {
		t.Fatalf("job %s has no %s", job, key)
	}
	var commands []string
	for line := range strings.SplitSeq(rest, "\n") {
		command, isItem := strings.CutPrefix(line, "    - ")
		if !isItem {
			break
		}
		commands = append(commands, command)
	}
	return strings.Join(commands, "\n")
}

// runGitLab runs the two jobs as GitLab does: the second gets the artifacts of the first, when that succeeded, in a folder of its own.
func runGitLab(w workplace, text, _ string) (output string, failed bool) {
	output, code := w.shell(script(w.t, text, "gate", "script"))
	if code != 0 {
		return output, true
	}
	dotenv, err := os.ReadFile(filepath.Join(w.folder, "gate.env"))
	if err != nil {
		w.t.Error(err)
	}
	env := strings.Split(strings.TrimSpace(string(dotenv)), "\n")
	said, code := w.shell(script(w.t, text, "deploy", "script"), env...)
	status := map[bool]string{true: "success", false: "failed"}[code == 0]
	after, _ := w.shell(script(w.t, text, "deploy", "after_script"), append(env, "CI_JOB_STATUS="+status)...)
	return output + said + after, code != 0
}

var jenkinsStep = regexp.MustCompile(`sh '([^']*)'`)

// runJenkins runs the two stages as Jenkins does, and of the second one's post the part that fits.
func runJenkins(w workplace, text, _ string) (output string, failed bool) {
	_, deploy, _ := strings.Cut(text, "stage('Deploy')")
	gate := strings.TrimSuffix(text, deploy)
	deploy, post, _ := strings.Cut(deploy, "post {")
	command := func(in string) string { return jenkinsStep.FindStringSubmatch(in)[1] }
	output, code := w.shell(command(gate))
	if code != 0 {
		return output, true
	}
	said, code := w.shell(command(deploy))
	_, success, _ := strings.Cut(post, "success {")
	if code != 0 {
		_, success, _ = strings.Cut(post, "failure {")
	}
	after, reported := w.shell(command(success))
	return output + said + after, code != 0 || reported != 0
}

// runShell runs the script for everything else.
func runShell(w workplace, text, service string) (output string, failed bool) {
	executable(w.t, filepath.Join(w.folder, "gate.sh"), text)
	output, code := w.shell("./gate.sh " + service + " production c0ffee ./deploy.sh c0ffee")
	return output, code != 0
}
