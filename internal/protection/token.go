package protection

import (
	"context"
	"sync"
	"time"
)

// tokens keeps what a host gave an app until shortly before its end.
type tokens struct {
	fetch func(ctx context.Context, installation, repository int64) (string, time.Time, error)
	now   func() time.Time

	mu   sync.Mutex
	kept map[[2]int64]keptToken
}

type keptToken struct {
	token string
	until time.Time
}

// tokenMargin is how long before its end a token is no longer used: an answer may take a while.
const tokenMargin = 5 * time.Minute

// of is a token for a repository, from before or asked for now. One is asked for at a time.
func (t *tokens) of(ctx context.Context, installation, repository int64) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key, now := [2]int64{installation, repository}, t.now()
	if kept, found := t.kept[key]; found && now.Before(kept.until) {
		return kept.token, nil
	}
	token, until, err := t.fetch(ctx, installation, repository)
	if err != nil {
		return "", err
	}
	if t.kept == nil {
		t.kept = map[[2]int64]keptToken{}
	}
	for old, kept := range t.kept {
		if !now.Before(kept.until) {
			delete(t.kept, old)
		}
	}
	t.kept[key] = keptToken{token, until.Add(-tokenMargin)}
	return token, nil
}

// drop forgets a token that the host accepts no more.
func (t *tokens) drop(installation, repository int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.kept, [2]int64{installation, repository})
}
