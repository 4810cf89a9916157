package assessments

import "strings"

// Comment is a remark given with a submission. SignedBy is empty unless the writer chose to sign.
type Comment struct {
	Text     string `json:"text"`
	SignedBy string `json:"signed_by,omitempty"`
}

// CommentPlace is where a fault of a comment stands among those of a submission.
const CommentPlace = "comment"

// NewComment checks what was written; nil when nothing was. Its error is a list of Faults.
func NewComment(text, signature string) (*Comment, error) {
	c := Comment{Text: strings.TrimSpace(text), SignedBy: strings.TrimSpace(signature)}
	var faults Faults
	for _, err := range []error{plain("the comment", c.Text, 2*MaxNote), plain("the signature", c.SignedBy, maxOwner)} {
		if err != nil {
			problem, remedy, _ := strings.Cut(err.Error(), "; ")
			faults.add(CommentPlace, problem, remedy)
		}
	}
	switch {
	case len(faults) > 0:
		return nil, faults
	case c.Text == "":
		return nil, nil //nolint:nilnil // nothing was written, and nothing is wrong with that
	}
	return &c, nil
}

// Readable are the comments that may be shown with a result: all from twice the floor up, below that those whose writers chose to
// sign, and none where no answers are shown.
func (r Result) Readable(all []Comment) []Comment {
	var shown []Comment
	for _, c := range all {
		if r.Shown && (r.Comments || c.SignedBy != "") {
			shown = append(shown, c)
		}
	}
	return shown
}
