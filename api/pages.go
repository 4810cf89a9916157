package api

// pageRoutes are the addresses for people; their handlers answer in HTML.
func (s *Server) pageRoutes() []route { return nil }
