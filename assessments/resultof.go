package assessments

// ResultOf makes a round's result from its counts and the evidence of its team. It is an error when the counts cannot have
// come from the round; what may not be shown is left out and said.
func ResultOf(r Round, c Counts, evidence []Evidence) (Result, error) {
	result := Result{
		Round: r.ID, Team: r.Team, State: r.State, Consensus: r.Consensus, Size: r.Size, Floor: r.Floor,
		Respondents: r.Respondents, Marks: r.marks(), Hidden: r.hidden(), Evidence: evidence,
	}
	if result.Hidden != "" {
		return result, nil
	}
	if err := c.check(r.Set, r.Respondents); err != nil {
		return Result{}, err
	}
	result.Shown = true
	result.Comments = r.Consensus || r.Respondents >= 2*r.Floor
	result.Questions, result.Foundations = scored(r.Set, c, r.Consensus)
	result.Verdict = new(verdictOf(result.Questions))
	for i, q := range r.Set.Questions {
		if e, found := find(evidence, q.Evidence); found {
			result.Comparisons = append(result.Comparisons, compare(r, result.Questions[i], e))
		}
	}
	return result, nil
}

// scored counts every question and every foundation of a set.
func scored(s Set, c Counts, consensus bool) ([]QuestionResult, []FoundationResult) {
	questions := make([]QuestionResult, 0, len(s.Questions))
	for _, q := range s.Questions {
		questions = append(questions, questionResult(q, c[q.ID], consensus))
	}
	foundations := make([]FoundationResult, 0, len(s.Foundations))
	for _, f := range s.Foundations {
		foundations = append(foundations, foundationResult(f, questions))
	}
	return questions, foundations
}

func find(evidence []Evidence, id string) (Evidence, bool) {
	for _, e := range evidence {
		if e.ID == id && id != "" {
			return e, true
		}
	}
	return Evidence{}, false
}
