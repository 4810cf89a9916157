package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// look is what a decision about a service has to know beside the service's facts, as it is at one moment.
type look struct {
	name  string
	since int64 // how far back promotions matter, milliseconds

	row   serviceRow // of a service that somebody has seen
	seen  bool
	fresh bool // its facts are up to date, or it has none
	in    GateInputs

	promoted, granted []int64 // numbers of decisions; of a promotion that was reported it is negative
	err               error
}

// promotionsSeen are how many promotions of a service a decision looks at, the newest: of those on their way the newest counts. Nobody promotes
// one service so often within the hour or two that they matter.
const promotionsSeen = "200"

// lookQuery reads for many services at once what decisions about them have to know, each row with what it is about: a service (s), the
// signals of it (m), the
// numbers of its promotions (p) and probes (g), its overrides (o), and each
// declared source (w) with how far it has come and whether it has told of the service, and of any. One statement sees one
// state of the database. What it finds for each service it finds by indexes: the cross join makes SQLite begin with those asked about.
func (d dialect) lookQuery() string {
	asked := "SELECT json_extract(value, '$[0]') AS name, json_extract(value, '$[1]') AS since FROM json_each(?)"
	declared := "(SELECT value AS name FROM json_each(?)) n"
	services, probe, list := "services s WHERE s.name = a.name", "d.probe = 1", "group_concat(%s)"
	if d.name == postgresDialect.name {
		asked = "SELECT e ->> 0 AS name, (e ->> 1)::bigint AS since FROM json_array_elements(CAST($1 AS json)) AS e"
		declared = "(SELECT e AS name FROM json_array_elements_text(CAST($2 AS json)) AS e) n"
		services = "LATERAL (SELECT * FROM services WHERE name = a.name LIMIT 1) s" // else it reads all services to find a few
		probe, list = "d.probe", "string_agg(CAST(%s AS text), ',')"
	}
	promoted, granted := fmt.Sprintf(list, "CASE WHEN r.decision IS NULL THEN d.seq ELSE -d.seq END"), fmt.Sprintf(list, "d.seq")
	return "WITH asked AS MATERIALIZED (" + asked + `)
	SELECT 's', s.name, s.touched, s.derived, CASE WHEN s.present OR s.declared THEN 1 ELSE 0 END, s.rules, s.document
		FROM asked a CROSS JOIN ` + services + `
	UNION ALL SELECT 'm', s.name, 0, 0, 0, s.monitored, '' FROM asked a CROSS JOIN ` + services + `
	UNION ALL SELECT 'p', a.name, 0, 0, 0, coalesce((SELECT ` + promoted + ` FROM
			(SELECT seq, id FROM decisions WHERE service = a.name AND at >= a.since AND verdict IN ('allow', 'warn') ORDER BY at DESC LIMIT ` + promotionsSeen + `) d
			LEFT JOIN gate_reports r ON r.decision = d.id), ''), '' FROM asked a
	UNION ALL SELECT 'g', a.name, 0, 0, 0, coalesce((SELECT ` + granted + ` FROM decisions d WHERE d.service = a.name AND ` + probe + `), ''), '' FROM asked a
	UNION ALL SELECT 'o', o.service, o.used, o.revoked_at, 0, o.second, o.body FROM asked a CROSS JOIN gate_overrides o WHERE o.service = a.name
	UNION ALL SELECT 'w', a.name, coalesce(w.watermark, ` + strconv.FormatInt(toMilli(time.Time{}), 10) + `),
		CASE WHEN EXISTS (SELECT 1 FROM served t WHERE t.service = a.name AND t.source = n.name) THEN 1 ELSE 0 END,
		CASE WHEN EXISTS (SELECT 1 FROM served t WHERE t.source = n.name) THEN 1 ELSE 0 END, n.name, ''
		FROM asked a CROSS JOIN ` + declared + ` LEFT JOIN sources w ON w.name = n.name`
}

// lookAll looks for many at once. Where that fails each is tried alone: one that the database cannot take must not be in the way of others.
func (db *DB) lookAll(ctx context.Context, all []*look) error {
	if db.dialect.lock == "" {
		ctx = context.WithoutCancel(ctx) // as with the log
	}
	err := outage(db.lookOn(db.gateRead.WithContext(ctx), all))
	if err == nil || len(all) == 1 || ctx.Err() != nil {
		return err
	}
	for _, one := range all {
		one.err = db.lookOn(db.gateRead.WithContext(ctx), []*look{one})
	}
	return nil
}

func (db *DB) lookOn(tx *gorm.DB, all []*look) error {
	byName := map[string][]*look{}
	for _, one := range all {
		one.in, one.seen, one.fresh, one.promoted, one.granted = GateInputs{}, false, true, nil, nil
		one.in.Service, one.in.Sources = metrics.Service{Name: one.name}, []gate.Watermark{}
		byName[one.name] = append(byName[one.name], one)
	}
	asked := make([][2]any, 0, len(byName))
	for name, same := range byName {
		earliest := slices.MinFunc(same, func(a, b *look) int { return cmp.Compare(a.since, b.since) })
		asked = append(asked, [2]any{name, earliest.since})
	}
	question, err := json.Marshal(asked)
	if err != nil {
		return err
	}
	if err := db.readLooks(tx, [2]string{string(question), db.declaredSources}, byName); err != nil {
		return err
	}
	if err := db.fillPassed(tx, all); err != nil {
		return err
	}
	for _, one := range all {
		one.sort()
	}
	return nil
}

func (db *DB) readLooks(tx *gorm.DB, questions [2]string, byName map[string][]*look) error {
	// As it stands: gorm would read it letter by letter to find its parameters.
	rows, err := tx.Statement.ConnPool.QueryContext(tx.Statement.Context, db.lookSQL, questions[0], questions[1])
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r lookRow
		if err := rows.Scan(&r.kind, &r.name, &r.a, &r.b, &r.c, &r.text, &r.more); err != nil {
			return err
		}
		if err := db.tell(r, byName[r.name]); err != nil {
			return err
		}
	}
	return rows.Err()
}

// lookRow is a row of lookQuery.
type lookRow struct {
	kind, name string
	a, b, c    int64
	text, more string
}

// tell gives a row to those who ask about what it is about.
func (db *DB) tell(r lookRow, to []*look) error {
	for _, one := range to {
		switch r.kind {
		case "s":
			one.seen, one.row = true, serviceRow{Name: r.name, Touched: r.a, Derived: r.b, Rules: r.text, Document: r.more}
			one.row.Present = r.c != 0
			one.fresh = db.fresh(one.row)
			if one.row.Present {
				var err error
				if one.in.Service, err = db.fresher.service(db, one.row); err != nil {
					return err
				}
			}
		case "m":
			var err error
			if one.in.Monitored, err = monitoredOf(serviceRow{Name: r.name, Monitored: r.text}); err != nil {
				return err
			}
		case "p", "g":
			numbers, err := numbersOf(r.text)
			if err != nil {
				return err
			}
			if r.kind == "p" {
				one.promoted = numbers
			} else {
				one.granted = numbers
			}
		case "o":
			o, err := overrideRow{ID: "of " + r.name, Used: int(r.a), RevokedAt: r.b, Second: r.text, Body: r.more}.override()
			if err != nil {
				return err
			}
			one.in.Overrides = append(one.in.Overrides, o)
		case "w":
			// Without such a source nothing can be told of the service: it is read, as the configuration has it, and has told of the service, or of
			// no service yet, so that it may be any. One of which nothing has arrived has no watermark. What is only pushed, imported, or not
			// declared any more is not waited for: nobody knows what it has not sent.
			if here, anywhere := r.b != 0, r.c != 0; here || !anywhere {
				one.in.Sources = append(one.in.Sources, gate.Watermark{Name: r.text, Watermark: fromMilli(r.a)})
			}
		}
	}
	return nil
}

func numbersOf(list string) ([]int64, error) {
	var numbers []int64
	if list == "" {
		return nil, nil
	}
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("numbers of decisions: %w", err)
		}
		numbers = append(numbers, n)
	}
	slices.SortFunc(numbers, func(a, b int64) int { return cmp.Compare(max(a, -a), max(b, -b)) })
	return numbers, nil
}

// fillPassed tells what the numbers are of, from memory where that is known.
func (db *DB) fillPassed(tx *gorm.DB, all []*look) error {
	var wanted []int64
	for _, one := range all {
		for _, n := range one.promoted {
			wanted = append(wanted, max(n, -n))
		}
		wanted = append(wanted, one.granted...)
	}
	if len(wanted) == 0 {
		return nil
	}
	known, unknown := db.passed.all(wanted)
	slices.Sort(unknown)
	if unknown = slices.Compact(unknown); len(unknown) > 0 {
		if err := db.readPassed(tx, unknown, known); err != nil {
			return err
		}
	}
	for _, one := range all {
		one.fill(known)
	}
	return nil
}

func (db *DB) readPassed(tx *gorm.DB, seqs []int64, into map[int64]passed) error {
	list, err := json.Marshal(seqs) // one text however many there are: each text is prepared, and kept by the database, once a connection
	if err != nil {
		return err
	}
	var rows []decisionRow
	if err := tx.Select("seq", "id", "service", "environment", "at", "kind", "verdict", "probe", "body").
		Where("seq IN "+db.dialect.numbersOfJSON(), string(list)).Find(&rows).Error; err != nil {
		return fmt.Errorf("reading what was let through: %w", err)
	}
	for _, row := range rows {
		p, err := passedOfRow(row)
		if into[row.Seq] = p; err != nil {
			db.damaged(tx.Statement.Context, damagedRow{row, err})
			continue
		}
		db.passed.keep(row.Seq, p)
	}
	return nil
}

func (l *look) fill(known map[int64]passed) {
	if len(l.promoted) > 0 {
		l.in.Promotions = make([]gate.Promotion, 0, len(l.promoted))
	}
	for _, n := range l.promoted {
		if p := known[max(n, -n)]; p.isPromoted {
			p.promotion.Reported = n < 0
			l.in.Promotions = append(l.in.Promotions, p.promotion)
		}
	}
	for _, n := range l.granted {
		if p := known[n]; p.isProbe {
			l.in.Granted = append(l.in.Granted, p.grant)
		}
	}
}

// sort puts everything into the order in which it is listed elsewhere.
func (l *look) sort() {
	slices.SortStableFunc(l.in.Promotions, func(a, b gate.Promotion) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(l.in.Granted, func(a, b gate.ProbeGrant) int { return a.At.Compare(b.At) })
	slices.SortFunc(l.in.Overrides, func(a, b gate.Override) int {
		return cmp.Or(b.ExpiresAt.Compare(a.ExpiresAt), strings.Compare(a.ID, b.ID))
	})
	slices.SortFunc(l.in.Sources, func(a, b gate.Watermark) int { return strings.Compare(a.Name, b.Name) })
}

// gateLook looks for one decision, together with others. How far back it must look follows from the service: it goes by what that was when
// it was last looked at, and looks again where that was too little.
func (db *DB) gateLook(ctx context.Context, name string, since func(metrics.Service) time.Time) (*look, error) {
	guess := db.fresher.lastService(name)
	for {
		one := &look{name: name, since: ceilMilli(since(guess))}
		if err := db.looks.do(ctx, one); err != nil {
			return &look{name: name}, err // the other one may still be written to
		}
		if one.err != nil || ceilMilli(since(one.in.Service)) >= one.since {
			return one, one.err
		}
		guess = one.in.Service
	}
}

// recall fills in what is remembered of facts, and tells whether that answers what is asked; nil when facts are wanted whatever it holds.
type recall func(gate.Known) (gate.Known, bool)

// gateFacts adds the facts, unless what is remembered of them will do. Those that are not in memory are read over the same state of the
// database as everything else.
func (db *DB) gateFacts(ctx context.Context, one *look, recall recall) error {
	if !one.row.Present {
		var err error
		one.in.Older, err = db.older(db.gateRead.WithContext(ctx), one.row, one.name)
		return err
	}
	memory, remembered := db.memories.get(one.name, one.row.Derived)
	if remembered && db.ours(one.row) {
		one.in.Memory = memory
		key := factsKey{service: one.name, gate: true}
		if one.in.Facts, remembered = db.cache.get(key, one.row.Derived); remembered {
			var err error
			one.in.Older, err = db.older(db.gateRead.WithContext(ctx), one.row, one.name)
			return err
		}
		if recall != nil {
			var enough bool
			if one.in.Known, enough = recall(one.in.Known); enough {
				return nil
			}
		}
	}
	return db.gateRead.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		err := db.lookOn(tx, []*look{one})
		if err != nil || !one.row.Present {
			return err
		}
		if db.ours(one.row) {
			one.in.Memory = db.memoryOf(one.row)
		}
		if one.in.Facts, err = db.readOne(tx, one.row, forGate); err == nil {
			one.in.Older, err = db.older(tx, one.row, one.name)
		}
		return err
	}, db.lookOptions()...)
}

// memoryOf is the gate's memory of the facts of one derivation.
func (db *DB) memoryOf(row serviceRow) *gate.Memory {
	memory, found := db.memories.get(row.Name, row.Derived)
	if !found {
		memory = &gate.Memory{}
		db.memories.put(row.Name, row.Derived, memory, 1)
	}
	return memory
}
