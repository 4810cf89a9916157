package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics/doctor"
	"shiphabit/metrics/gate"
)

// ErrDamaged says that what is stored of one decision cannot be read. Others can: what reads many goes on with what remains of that one.
var ErrDamaged = errors.New("what the log has of it cannot be read")

// damageRemedy is what is to be done about it: a decision is final, and nobody can write it once more.
const damageRemedy = "restore the database from a backup that was made before (docs/operations.md); until then it counts by what stands beside its text"

// damagedRow is an error about the row of one decision.
type damagedRow struct {
	row   decisionRow
	cause error
}

func (d damagedRow) Error() string { return d.problem() + "; " + damageRemedy }

func (d damagedRow) problem() string {
	return fmt.Sprintf("decision %s about %s in %s of %s: %v: %v", d.row.ID, d.row.Service, d.row.Environment, fromMilli(d.row.At).Format(time.RFC3339), ErrDamaged, d.cause)
}

func (d damagedRow) Unwrap() []error { return []error{ErrDamaged, d.cause} }

// remains is what the row has beside the text.
func (d damagedRow) remains() gate.Logged {
	r := d.row
	l := gate.Logged{
		Decision: gate.Decision{ID: r.ID, Verdict: gate.Result(r.Verdict), Probe: r.Probe}, Caller: r.Caller, Key: r.Key, At: fromMilli(r.At),
		Request: gate.Request{Service: r.Service, Environment: r.Environment},
	}
	if r.Kind != nil {
		l.Kind = *r.Kind
	}
	return gate.Remains(l, d.Error())
}

// damages are the decisions that were found damaged since the database was opened, each of which the log of the program tells once.
type damages struct {
	mu    sync.Mutex
	found map[string]gate.Logged
}

// mostDamaged bounds how many are kept and told, where a whole table is lost.
const mostDamaged = 1000

// decided takes in rows one by one; of one that cannot be read it takes what remains.
func (db *DB) decided(ctx context.Context, rows []decisionRow, read func(decisionRow) (gate.Logged, error)) []gate.Logged {
	list := make([]gate.Logged, len(rows))
	for i, row := range rows {
		var err error
		if list[i], err = read(row); err != nil {
			list[i] = db.damaged(ctx, damagedRow{row, err})
		}
	}
	return list
}

// damaged notes that a row cannot be read, tells so where it is new, and returns what remains.
func (db *DB) damaged(ctx context.Context, lost damagedRow) gate.Logged {
	l := lost.remains()
	db.damages.mu.Lock()
	defer db.damages.mu.Unlock()
	if _, known := db.damages.found[l.ID]; known || len(db.damages.found) >= mostDamaged {
		return l
	}
	if db.damages.found == nil {
		db.damages.found = map[string]gate.Logged{}
	}
	db.damages.found[l.ID] = l
	db.log.ErrorContext(ctx, "a decision of the gate's log cannot be read", slog.String("decision", l.ID), slog.String("service", l.Request.Service),
		slog.String("problem", lost.problem()), slog.String("remedy", damageRemedy))
	return l
}

// checkedDecisions is how many of the latest decisions are looked at for damage, damagePage how many at once and of one service.
const checkedDecisions, damagePage = 10_000, 500

// damagedDecisions are those of the latest whose text is damaged, and all others that anybody came upon since the database was opened; of one
// service, or of all when none is named. Whoever wants to look at every decision there is replays them.
func (db *DB) damagedDecisions(tx *gorm.DB, service string) ([]doctor.Lost, error) {
	pages, query := checkedDecisions/damagePage, func(int64) *gorm.DB { return latestAbout(tx, service, damagePage) }
	if service == "" {
		query = func(before int64) *gorm.DB { return tx.Where("seq < ?", before).Order("seq DESC").Limit(damagePage) }
	} else {
		pages = 1
	}
	for before := int64(math.MaxInt64); pages > 0; pages-- {
		var rows []decisionRow
		if err := query(before).Find(&rows).Error; err != nil {
			return nil, fmt.Errorf("looking for damaged decisions: %w", err)
		}
		for _, row := range rows {
			if cause := undamaged(row.Body); cause != nil {
				db.damaged(tx.Statement.Context, damagedRow{row, cause})
			}
		}
		if len(rows) < damagePage {
			break
		}
		before = rows[damagePage-1].Seq
	}
	return db.damages.of(service), nil
}

// undamaged tells whether a text came back as it was written, as far as that shows without reading it.
func undamaged(stored []byte) error {
	body, err := unpackDecision(stored)
	if err == nil && len(body) == len(stored) && !json.Valid(body) { // what is packed has a checksum
		err = errors.New("it is no JSON")
	}
	return err
}

// of a service, or of all when none is named, the newest first.
func (d *damages) of(service string) []doctor.Lost {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []doctor.Lost
	for _, l := range d.found {
		if service == "" || l.Request.Service == service {
			list = append(list, doctor.Lost{Decision: l.ID, Service: l.Request.Service, Environment: l.Request.Environment, At: l.At, Problem: l.Damaged})
		}
	}
	slices.SortFunc(list, func(a, b doctor.Lost) int { return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Decision, b.Decision)) })
	return list
}
