package api

import (
	"context"

	"shiphabit/metrics/gate"
)

// rollbackStore tells what rollback hooks were told of watches that ended in failed.
type rollbackStore interface {
	// RollbackNotes are the newest of a service.
	RollbackNotes(ctx context.Context, service string, limit int) ([]gate.RollbackNote, error)
	// RollbackOf is what became of one deployment, nil where nothing was to be told.
	RollbackOf(ctx context.Context, service, deployment string) (*gate.RollbackNote, error)
}

// rollbacksShown is how many failed watches the page of a service tells the rollback of.
const rollbacksShown = 3

// rolledBack adds to an outcome what the rollback hook of its service was told.
func (s *Server) rolledBack(ctx context.Context, service string, o *gate.PromotionOutcome) (err error) {
	o.RollbackHook = s.hasRollbackHook(service)
	if o.Deployment != "" {
		o.Rollback, err = s.o.Store.RollbackOf(ctx, service, o.Deployment)
	}
	return err
}

func (s *Server) hasRollbackHook(service string) bool {
	return s.o.RollbackHook != nil && s.o.RollbackHook(service)
}
