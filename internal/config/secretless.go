package config

import (
	"errors"

	"go.yaml.in/yaml/v3"
)

// unread stands where a secret is that was not asked for. It opens nothing, and is an address too, for some secrets are: one that leads nowhere.
const unread = "https://unread.invalid"

// leftUnread puts in place of a secret what is none, and remembers of a database that its name is not whole: whoever opens no database, or
// names another one, need not know it. It tells whether the value was one of these, of which there is nothing to check.
func (r *report) leftUnread(n *yaml.Node, path string, f field) bool {
	switch {
	case f.scalar != nil && f.scalar.secret, secretKey(path):
		n.Value = unread
		delete(r.unset, n)
	case f.scalar == aDSN && len(r.unset[n]) > 0:
		fault := r.unset[n][0]
		fault.Path, fault.Remedy = path, "set it, or name the database with --db"
		r.db = errors.New(fault.String())
		n.Value = ""
		delete(r.unset, n)
	default:
		return false
	}
	return true
}
