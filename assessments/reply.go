package assessments

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Tag is why a team thinks that a number of its result is not the whole story.
type Tag string

// The tags of the right of reply.
const (
	RecordsIncomplete Tag = "records incomplete"
	ReadDifferently   Tag = "question read differently"
	ServicesDiffer    Tag = "services differ"
	ChangedRecently   Tag = "changed recently"
	ImpressionDiffers Tag = "impression differs"
	OtherReason       Tag = "other"
)

// Tags are all of them, in the order in which they are offered.
func Tags() []Tag {
	return []Tag{RecordsIncomplete, ReadDifferently, ServicesDiffer, ChangedRecently, ImpressionDiffers, OtherReason}
}

// MaxNote is the longest note of a reply, and the longest text of an action, in characters.
const MaxNote = 500

// Reply is what a team says to one question of its result. It stands wherever the result's number stands. It is the team's:
// the audit log tells who wrote it down, the reply does not.
type Reply struct {
	Question string    `json:"question"`
	Tag      Tag       `json:"tag"` // empty: withdrawn
	Note     string    `json:"note,omitempty"`
	At       time.Time `json:"at"`
}

// NewReply checks a reply to the result of a round. An empty tag withdraws the one before it.
func NewReply(r Round, question string, tag Tag, note string) (Reply, error) {
	reply := Reply{Question: question, Tag: tag, Note: strings.TrimSpace(note)}
	if r.State != Closed {
		return reply, refuse(ErrState, "round %s is %s; a team replies to its result between closing and publishing", r.ID, r.State)
	}
	if _, asked := r.Set.Question(question); !asked {
		return reply, refuse(ErrInvalid, "round %s does not ask %q; name one of its questions", r.ID, question)
	}
	if tag != "" && !slices.Contains(Tags(), tag) {
		return reply, refuse(ErrInvalid, "%q is no tag; choose one of those on the page", tag)
	}
	if tag == "" && reply.Note != "" {
		return reply, refuse(ErrInvalid, "a note needs a tag; choose one, %q if none fits", OtherReason)
	}
	return reply, plain("the note", reply.Note, MaxNote)
}

// plain refuses text that is too long or holds what no form sends.
func plain(what, text string, longest int) error {
	if utf8.RuneCountInString(text) > longest {
		return refuse(ErrInvalid, "%s has more than %d characters; say it in fewer", what, longest)
	}
	control := func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }
	if !utf8.ValidString(text) || strings.ContainsFunc(text, control) {
		return refuse(ErrInvalid, "%s holds control characters; write plain text", what)
	}
	return nil
}

// ReplyTo is what the team says to a question, nil when it says nothing.
func (r Result) ReplyTo(question string) *Reply {
	for i := range r.Replies {
		if r.Replies[i].Question == question {
			return &r.Replies[i]
		}
	}
	return nil
}
