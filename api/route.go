package api

import (
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
)

// Scope is what a token must hold for a route.
type Scope string

// The scopes of tokens. Page marks routes for people, which answer in HTML; Public ones ask for nothing; Signed ones look for
// themselves whether the sender knows a secret, and are asked under any name.
const (
	Read     Scope = "read"
	Ingest   Scope = "ingest"
	Gate     Scope = "gate"
	Override Scope = "override"
	Assess   Scope = "assess"
	Admin    Scope = "admin"
	Page     Scope = "page"
	Public   Scope = "public"
	Signed   Scope = "signed"
)

// route is one address the server answers: the table of routes registers them and makes the OpenAPI description.
type route struct {
	method, path string // path in gin's form, "/api/v1/services/:service"
	scope        Scope
	summary      string
	handle       handler
	// limit is the largest body in bytes; 0 for the usual one.
	limit int64
	// query lists the query parameters with their meaning, in order.
	query []parameter
	// request and response are values of the types exchanged as JSON; nil where there is none or it is no JSON.
	request, response any
	// needs is the scope that a page for people asks for where reading is not enough.
	needs Scope
	// form marks a page that takes a form: it must carry the CSRF token.
	form bool
	// jobs lets jobs of pipelines in, by their own tokens: the handler keeps each to its own services.
	jobs bool
}

// parameter is a query parameter.
type parameter struct{ name, meaning string }

// may reports that who asks holds a scope. Where no token is asked for and none is sent, the person at this machine may do everything.
func (c caller) may(scope Scope) bool {
	return c.Name == local || slices.Contains(c.Scopes, scope) || slices.Contains(c.Scopes, Admin)
}

// request is what a handler gets: decoded parts are the handler's own affair.
type request struct {
	*http.Request
	gin    *gin.Context
	caller caller
	// csrf is the token that forms on an answered page must carry.
	csrf string
}

// param is a part of the path.
func (r request) param(name string) string { return r.gin.Param(name) }

// reply is what a handler answers. A zero Status is 200.
type reply struct {
	Status int
	// JSON is encoded when set; otherwise Body is sent as Type.
	JSON any
	Body []byte
	Type string
	// Stream writes an answer of any size in place of Body; once it has begun an error can only break it off.
	Stream func(w io.Writer) error
	// Location redirects a form (303).
	Location string
	Header   http.Header
	// Waited is how long the answer was held back because who asked wanted it so: no time that it took.
	Waited time.Duration
}

// handler does the work of a route: decode, call, answer. It never writes to the connection.
type handler func(r request) (reply, error)

// caller is who asks: a token's name, or the local person where no token is needed.
type caller struct {
	Name   string
	Scopes []Scope
	// Teams are those for which who asks acts; everyTeam says that it is all of them: where no tokens are required, and for the program.
	Teams     []string
	everyTeam bool
	// job is the pipeline's job that asks by its own token; nil for everybody else.
	job *Job
}
