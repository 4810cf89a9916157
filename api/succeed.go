package api

// Succeed makes a server that has not answered yet go on with what the one before it remembers for the time without a database, the
// decisions that wait for the log among it, and count on where that one stopped. Both may go on answering; both must be over the same database.
func (s *Server) Succeed(before *Server) {
	s.standby, s.exposition = before.standby, before.exposition
}

// Refuse says that a newer configuration is not taken over, and why: whoever lists policies hears of it.
func (s *Server) Refuse(why string) { s.refused.Store(&why) }

func (s *Server) refusal() string {
	if why := s.refused.Load(); why != nil {
		return *why
	}
	return ""
}
