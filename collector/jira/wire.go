package jira

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"shiphabit/collector"
)

// issue is what is read of a ticket. Which fields it has is up to each Jira.
type issue struct {
	ID        string                     `json:"id"`
	Key       string                     `json:"key"`
	Fields    map[string]json.RawMessage `json:"fields"`
	Changelog struct {
		Total     int       `json:"total"`
		Histories []history `json:"histories"`
	} `json:"changelog"`
}

// history is one change of a ticket.
type history struct {
	Created instant `json:"created"`
	Author  user    `json:"author"`
	Items   []item  `json:"items"`
}

// item is the change of one field.
type item struct {
	Field    string `json:"field"`
	ToString string `json:"toString"`
}

// user is a person, or a program: an account of the cloud, or a user of a data centre.
type user struct {
	AccountID   string `json:"accountId"`
	AccountType string `json:"accountType"`
	Key         string `json:"key"`
	Name        string `json:"name"`
}

func (u user) id() string { return cmp.Or(u.AccountID, u.Key, u.Name) }

func parseIssue(raw json.RawMessage) (issue, error) {
	var i issue
	err := json.Unmarshal(raw, &i)
	if err == nil && (i.ID == "" || i.Key == "") {
		err = errors.New("it has no id")
	}
	return i, err
}

func unreadable(raw json.RawMessage, err error) collector.SetAside {
	var named struct{ Key, ID any }
	_ = json.Unmarshal(raw, &named) // without a key it is still told
	return collector.SetAside{Record: fmt.Sprintf("ticket %v", cmp.Or(named.Key, named.ID)), Reason: "it is not what Jira documents: " + err.Error()}
}

// instant is a time as Jira writes it: 2026-03-02T10:00:00.000+0100.
type instant struct{ time.Time }

// UnmarshalJSON reads Jira's form and the usual one; nothing else is a time.
func (t *instant) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil || s == "" {
		return err
	}
	at, err := time.Parse("2006-01-02T15:04:05.999-0700", s)
	if err != nil {
		at, err = time.Parse(time.RFC3339, s)
	}
	t.Time = at
	return err
}

// instant is a field that holds a time, zero when it holds none.
func (i issue) instant(field string) time.Time {
	var t instant
	_ = json.Unmarshal(i.Fields[field], &t) // what is no time is none
	return t.Time
}

// named is a field that holds something with a name: a status, a priority, a project.
type named struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Key      string `json:"key"`
	Category struct {
		Key string `json:"key"`
	} `json:"statusCategory"`
}

func (i issue) named(field string) named {
	var n named
	_ = json.Unmarshal(i.Fields[field], &n) // what has no name has none
	return n
}

func (i issue) labels() []string {
	var list []string
	_ = json.Unmarshal(i.Fields["labels"], &list) // no list is an empty one
	return list
}

// text is what any field holds, as text: a text or number, the value or name of a choice, the first of several, the words of a document.
func (i issue) text(field string) string {
	if field == "" {
		return ""
	}
	var value any
	_ = json.Unmarshal(i.Fields[field], &value) // a field that is not there holds nothing
	return strings.TrimSpace(words(value))
}

func words(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return fmt.Sprintf("%.15g", v)
	case []any:
		if len(v) > 0 {
			return words(v[0])
		}
	case map[string]any:
		if v["type"] == "doc" {
			return document(v)
		}
		for _, name := range []string{"value", "name", "key"} {
			if s := words(v[name]); s != "" {
				return s
			}
		}
	}
	return ""
}

// document is the words of one in Atlassian's document format.
func document(node map[string]any) string {
	text, _ := node["text"].(string)
	parts, _ := node["content"].([]any)
	for _, part := range parts {
		if inner, ok := part.(map[string]any); ok {
			text += document(inner)
		}
	}
	return text
}
