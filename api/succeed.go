package api

import "time"

// Succeed makes a server that has not answered yet go on with what the one before it remembers for the time without a database, the
// decisions that wait for the log among it, and count on where that one stopped. Both may go on answering; both must be over the same database.
func (s *Server) Succeed(before *Server) {
	s.standby, s.exposition = before.standby, before.exposition
}

// HandOver ends the waits of questions that are held open here, now that another server answers: each goes on there, for what is left of its
// time, as though it had just been asked. enter gives the server that answers now; left is called when the question needs it no longer.
func (s *Server) HandOver(enter func() (next *Server, left func())) {
	s.successor.Store(&enter)
	s.listeners.end()
}

// passedOn has a question that was held open here answered by the server that took this one's place: by its configuration whoever asks may
// have to say who they are, or may not ask any more.
func (s *Server) passedOn(r request, q question, waited time.Duration) (reply, error) {
	next, left := (*s.successor.Load())()
	defer left()
	who, err := next.authenticate(r.Request, route{scope: Gate, jobs: true}, "")
	if err != nil {
		return reply{}, err
	}
	r.caller, q.wait = who, q.wait-waited
	answer, err := next.answerQuestion(r, q)
	answer.Waited += waited
	return answer, err
}

// Refuse says that a newer configuration is not taken over, and why: whoever lists policies hears of it.
func (s *Server) Refuse(why string) { s.refused.Store(&why) }

func (s *Server) refusal() string {
	if why := s.refused.Load(); why != nil {
		return *why
	}
	return ""
}
