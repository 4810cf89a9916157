package doctor

import (
	"slices"
	"time"
)

// ofReading are the kinds of trouble with the reading of a source: what arrived before it is there all the same.
var ofReading = [...]string{"source-trouble", "source-silent", "source-behind", "source-waiting"}

// UpTo leaves out trouble that began when all records before an instant had arrived. Trouble of a source that has never come so far, and
// where the time is not known, stays.
func (d Diagnosis) UpTo(end time.Time) Diagnosis {
	d.Findings = slices.DeleteFunc(slices.Clone(d.Findings), func(f Finding) bool {
		return slices.Contains(ofReading[:], f.Code) && slices.ContainsFunc(d.Sources, func(s SourceState) bool {
			return s.Name == f.Source && !s.Watermark.IsZero() && !s.Watermark.Before(end)
		})
	})
	return d
}
