package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/internal/config"
)

// idTokenVariable is where GitLab puts a job's token, by id_tokens in its job.
const idTokenVariable = "SHIPHABIT_ID_TOKEN"

// maxIDToken is the largest answer of a runner that is read, in bytes.
const maxIDToken = 64 << 10

// jobFlags are the flags of commands that a pipeline's job runs.
type jobFlags struct{ audience string }

func (f *jobFlags) add(command *cobra.Command) {
	command.Flags().StringVar(&f.audience, "audience", "", "whom a token of GitHub Actions is asked for (SHIPHABIT_AUDIENCE, default "+config.DefaultAudience+")")
}

// noJobToken says that a runner offers tokens and gave none.
type noJobToken struct{ err error }

func (n noJobToken) Error() string {
	return fmt.Sprintf("the runner gives the job no token (%v), so that the gate cannot be asked; try again, or set SHIPHABIT_TOKEN", n.err)
}

func (n noJobToken) Unwrap() error { return n.err }

// identify gives the client what it may be known by, in the order it is tried: what the call names; else the job's own token where
// the runner offers one, and SHIPHABIT_TOKEN. A job's token is short-lived: it is asked for anew for each question.
func (p *program) identify(ctx context.Context, ask *client, flags serverFlags, job jobFlags) error {
	if flags.token != "" {
		return nil
	}
	stored := p.env("SHIPHABIT_TOKEN")
	token, err := p.jobToken(ctx, p.setting(job.audience, "SHIPHABIT_AUDIENCE", config.DefaultAudience))
	if err != nil && stored == "" {
		return err
	}
	if err != nil {
		p.say("%v; SHIPHABIT_TOKEN is used", err)
	}
	ask.token, ask.spare = cmp.Or(token, stored), nil
	if token != "" && stored != "" {
		ask.spare = []string{stored}
	}
	return nil
}

// jobToken is the token by which the runner vouches for the job, "" where it offers none.
func (p *program) jobToken(ctx context.Context, audience string) (string, error) {
	endpoint, bearer := p.env("ACTIONS_ID_TOKEN_REQUEST_URL"), p.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
	if endpoint == "" || bearer == "" {
		return p.env(idTokenVariable), nil
	}
	for tries := 1; ; tries++ {
		token, again, err := fetchJobToken(ctx, endpoint, bearer, audience)
		if err == nil {
			return token, nil
		}
		switch {
		case !again: // the runner answers, and does not vouch for the job
			return "", exitError{exitForbidden, errors.New(noJobToken{err}.Error())}
		case tries == gateTries:
			return "", noJobToken{err}
		}
		if err := sleep(ctx, time.Duration(tries)*100*time.Millisecond); err != nil {
			return "", err
		}
	}
}

// fetchJobToken asks GitHub's runner once; again says that another try may help.
func fetchJobToken(ctx context.Context, endpoint, bearer, audience string) (token string, again bool, err error) {
	at, err := url.Parse(endpoint)
	if err != nil || at.Host == "" {
		return "", false, errors.New("ACTIONS_ID_TOKEN_REQUEST_URL is no address")
	}
	query := at.Query()
	query.Set("audience", audience)
	at.RawQuery = query.Encode()
	ctx, cancel := context.WithTimeout(ctx, gateTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return "", false, err
	}
	request.Header.Set("Authorization", "Bearer "+bearer)
	request.Header.Set("Accept", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", true, rootCause(err) // the address may hold secrets of the runner's
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return "", response.StatusCode >= http.StatusInternalServerError, fmt.Errorf("it answers with %s", response.Status)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxIDToken))
	if err != nil {
		return "", true, err
	}
	token, err = readJobToken(text)
	return token, false, err
}

// readJobToken takes the token out of a runner's answer. A header must be able to carry it.
func readJobToken(text []byte) (string, error) {
	var answer struct{ Value string }
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", errors.New("its answer is no JSON")
	}
	for _, c := range answer.Value {
		if c <= ' ' || c > '~' {
			return "", errors.New("its answer holds no token")
		}
	}
	if answer.Value == "" {
		return "", errors.New("its answer holds no token")
	}
	return answer.Value, nil
}
