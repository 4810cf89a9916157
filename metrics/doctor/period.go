package doctor

import (
	"slices"
	"time"
)

// ofReading are the kinds of trouble with the reading of a source: what arrived before it is there all the same.
var ofReading = [...]string{"source-trouble", "source-never-read", "source-silent", "source-behind", "source-waiting", "source-reading"}

// UpTo is the diagnosis of a time that is over at an instant. It leaves out trouble that began when all records before had arrived, and that
// of a source which has never brought anything: nothing of that time rests on it. Trouble of a source that has not come so far stays.
func (d Diagnosis) UpTo(end time.Time) Diagnosis {
	d.Findings = slices.DeleteFunc(slices.Clone(d.Findings), func(f Finding) bool {
		return slices.Contains(ofReading[:], f.Code) && slices.ContainsFunc(d.Sources, func(s SourceState) bool {
			return s.Name == f.Source && (s.Nothing() || !s.Watermark.IsZero() && !s.Watermark.Before(end))
		})
	})
	return d
}

// Nothing tells that a source has never brought anything, nor been read up to any instant.
func (s Source) Nothing() bool { return s.Watermark.IsZero() && s.Events() == 0 }
