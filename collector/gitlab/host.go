package gitlab

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	sdk "github.com/xanzy/go-gitlab"

	"shiphabit/collector"
)

// host asks GitLab through the library, and keeps every record as it came, so that one that cannot be read does not cost its page.
type host struct {
	name   string
	client *collector.Client
	api    *sdk.Client //nolint:staticcheck // the owner's choice of library, docs/decisions/0013
}

// unlimited stands in for the library's limiter, which would space calls out by a limit it saw once.
type unlimited struct{}

func (unlimited) Wait(context.Context) error { return nil }

// get asks for a path under /api/v4 with the options of the library, nil for none.
func (h *host) get(ctx context.Context, path string, options, into any) (*sdk.Response, error) {
	request, err := h.api.NewRequest(http.MethodGet, path, options, []sdk.RequestOptionFunc{sdk.WithContext(ctx)})
	if err != nil {
		return nil, wrong(h.name, "a path of its own cannot be read", "check the names of its projects and groups")
	}
	response, err := h.api.Do(request, into)
	if err != nil {
		return nil, h.client.Unreadable(ctx, request.URL.Path, err)
	}
	return response, nil
}

// most is how many records GitLab gives at once.
const most = 100

// longest is how many pages of a list that has no other end are read: far above what anybody has.
const longest = 100

// all reads a short list to its end.
func (h *host) all(ctx context.Context, path string, options func(sdk.ListOptions) any) ([]json.RawMessage, error) {
	var found []json.RawMessage
	for page := 1; page != 0; {
		if page > longest {
			return nil, wrong(h.name, path+" has more than "+strconv.Itoa(longest)+" pages", "of a group, name the groups below it instead")
		}
		var raws []json.RawMessage
		response, err := h.get(ctx, path, options(sdk.ListOptions{Page: page, PerPage: most}), &raws)
		if err != nil {
			return nil, err
		}
		found = append(found, raws...)
		if page = response.NextPage; len(raws) == 0 {
			break
		}
	}
	return found, nil
}
