package api

// Routes are method, path and scope of everything that the server answers, in the form of the table: tests walk them.
func (s *Server) Routes() [][3]string {
	var all [][3]string
	for _, at := range s.table {
		all = append(all, [3]string{at.method, at.path, string(at.scope)})
	}
	return all
}
