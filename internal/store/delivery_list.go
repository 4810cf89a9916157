package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"gorm.io/gorm"
)

// Received is a delivery as it is listed.
type Received struct {
	Source, ID, Kind string
	At               time.Time
	Outcome          Outcome
	// Events counts what it brought, new or known; SetAside lists what could not be read, SetAsideCount counts it.
	Events        int
	SetAside      []SetAside
	SetAsideCount int
	Ignored       string
	// Kept tells that its body is there to be read again.
	Kept bool
}

const listedColumns = "seq, source, delivery, kind, received_at, outcome, events, set_aside, ignored, problem, header"

// Deliveries lists the deliveries to a source, newest first. A page begins after cursor; next is the cursor of the following page, "" at
// the end.
func (db *DB) Deliveries(ctx context.Context, source, cursor string, limit int) (list []Received, next string, err error) {
	before, err := beforeCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	var rows []deliveryRow
	err = db.read.WithContext(ctx).Select(listedColumns).Where("source = ? AND seq < ?", source, before).
		Order("seq DESC").Limit(limit + 1).Find(&rows).Error
	if err != nil {
		return nil, "", fmt.Errorf("listing deliveries of %s: %w", source, err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = strconv.FormatInt(rows[limit-1].Seq, 10)
	}
	list, err = receivedOf(rows)
	return list, next, err
}

// Unread lists the deliveries with records set aside, oldest first; of one source and with one id where these are not "".
func (db *DB) Unread(ctx context.Context, source, id string) ([]Received, error) {
	find := db.read.WithContext(ctx).Select(listedColumns).Where("outcome = ?", string(DeliverySetAside))
	if source != "" {
		find = find.Where("source = ?", source)
	}
	if id != "" {
		find = find.Where("delivery = ?", id)
	}
	var rows []deliveryRow
	if err := find.Order("seq").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("listing deliveries: %w", err)
	}
	return receivedOf(rows)
}

func receivedOf(rows []deliveryRow) ([]Received, error) {
	list := make([]Received, len(rows))
	for i, r := range rows {
		list[i] = Received{
			Source: r.Source, ID: r.Delivery, Kind: r.Kind, At: fromMilli(r.ReceivedAt), Outcome: Outcome(r.Outcome), Events: r.Events,
			SetAsideCount: r.SetAside, Ignored: r.Ignored, Kept: r.Header != "",
		}
		var err error
		if list[i].SetAside, err = r.problems(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (r deliveryRow) problems() ([]SetAside, error) {
	if r.Problem == "" {
		return nil, nil
	}
	var problems []SetAside
	if err := json.Unmarshal([]byte(r.Problem), &problems); err != nil {
		return nil, fmt.Errorf("reading the problem of delivery %q: %w", r.Delivery, err)
	}
	return problems, nil
}

// Kept returns a delivery with its header and body, to be read again. ErrNotFound when there is none of that id, or its body is not kept.
func (db *DB) Kept(ctx context.Context, source, id string) (Delivery, error) {
	var rows []deliveryRow
	err := db.read.WithContext(ctx).Limit(1).Find(&rows, "source = ? AND delivery = ? AND header <> ''", source, id).Error
	if err == nil && len(rows) == 0 {
		err = ErrNotFound
	}
	d := Delivery{Source: source, ID: id}
	if err == nil {
		err = json.Unmarshal([]byte(rows[0].Header), &d.Header)
	}
	if err == nil {
		d.Kind = rows[0].Kind
		d.Body, err = unsqueeze(rows[0].Body)
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("reading delivery %q of %s: %w", id, source, err)
	}
	return d, nil
}

// KeptBodies is how many bodies of one source are kept at most, the newest.
const KeptBodies = 500

// ForgetDeliveries deletes the deliveries that came before a time, and the bodies of a source beyond the newest KeptBodies. A delivery that
// is forgotten is not known when it comes again; its events are. It returns how many it deleted.
func (db *DB) ForgetDeliveries(ctx context.Context, before time.Time) (forgotten int64, err error) {
	err = db.change(ctx, func(tx *gorm.DB) error {
		done := tx.Where("received_at < ?", toMilli(before)).Delete(&deliveryRow{})
		if done.Error != nil {
			return done.Error
		}
		forgotten = done.RowsAffected
		return tx.Exec(`UPDATE deliveries SET header = '', body = NULL WHERE outcome = 'set aside' AND header <> '' AND seq IN
			(SELECT seq FROM (SELECT seq, row_number() OVER (PARTITION BY source ORDER BY seq DESC) AS place FROM deliveries
				WHERE outcome = 'set aside' AND header <> '') AS kept WHERE place > ?)`, KeptBodies).Error
	})
	if err != nil {
		return 0, fmt.Errorf("forgetting old deliveries: %w", err)
	}
	return forgotten, nil
}

// squeeze compresses a body.
func squeeze(body []byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
}

func unsqueeze(squeezed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(squeezed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, KeptBody))
}
