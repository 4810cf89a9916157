package jenkins

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"shiphabit/collector"
)

const (
	// lateBuild is how far back builds are looked at again, beside those that go on.
	lateBuild = time.Hour
	// stepBack is by how many builds a page reaches into the one before it: builds are deleted while a list is read, and those
	// after them move up.
	stepBack = 5
)

// builds is the feed of a job's builds, the newest first.
func (s *source) builds(job string) collector.Feed {
	return collector.Feed{
		Name: "job " + job, Title: "builds of " + job, Overlap: lateBuild,
		Read: func(ctx context.Context, from collector.Position) (collector.Batch, error) {
			return s.read(ctx, job, from)
		},
		Again: func(ctx context.Context, number string) (collector.Batch, error) {
			var b collector.Batch
			var one build
			if _, err := s.client.JSON(ctx, jobPath(job)+url.PathEscape(number)+"/api/json", url.Values{"tree": {buildFields}}, &one); err != nil {
				return b, err
			}
			return b, s.take(ctx, &b, job, one)
		},
	}
}

func (s *source) read(ctx context.Context, job string, from collector.Position) (collector.Batch, error) {
	var b collector.Batch
	begin, _ := strconv.Atoi(from.Page)
	begin = max(0, begin)
	var answer struct {
		Builds []json.RawMessage `json:"allBuilds"`
	}
	tree := fmt.Sprintf("allBuilds[%s]{%d,%d}", buildFields, begin, begin+s.page)
	if _, err := s.client.JSON(ctx, jobPath(job)+"api/json", url.Values{"tree": {tree}}, &answer); err != nil {
		return b, err
	}
	since, fresh := s.since, false
	if from.Since.After(since) {
		since = from.Since
	}
	for _, record := range answer.Builds {
		var one build
		if err := json.Unmarshal(record, &one); err != nil {
			unread(&b, job, record, err)
			continue
		}
		if one.began().Before(since) && !one.goesOn() {
			continue
		}
		fresh = true
		if err := s.take(ctx, &b, job, one); err != nil {
			return b, err
		}
		if at := one.began(); at.After(b.Newest) {
			b.Newest = at
		}
	}
	if len(answer.Builds) >= s.page && fresh {
		b.Next = strconv.Itoa(begin + s.page - min(stepBack, s.page/3))
	}
	return b, nil
}

// take takes a build with the answers that its steps waited for, and remembers it while it goes on.
func (s *source) take(ctx context.Context, b *collector.Batch, job string, one build) error {
	number := strconv.FormatInt(one.Number, 10)
	record := "build " + number + " of " + job
	if one.goesOn() {
		b.Open = append(b.Open, number)
	} else {
		b.Closed = append(b.Closed, number)
	}
	c, problem := s.what(one)
	switch {
	case problem != "":
		b.SetAside = append(b.SetAside, collector.SetAside{Record: record, Reason: problem})
		return nil
	case c.revision == "":
		return nil // it has only begun
	}
	b.Take(record, s.deployment(job, one, c))
	return s.approvals(ctx, b, job, one)
}

// unread sets aside a build that is not what it should be.
func unread(b *collector.Batch, job string, record json.RawMessage, err error) {
	var named struct {
		Number json.RawMessage `json:"number"`
	}
	_ = json.Unmarshal(record, &named) // as far as it can be read
	b.SetAside = append(b.SetAside, collector.SetAside{Record: "build " + string(named.Number) + " of " + job, Reason: "it cannot be read: " + err.Error()})
}
