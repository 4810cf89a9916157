package store

import (
	"context"
	"fmt"
)

// Size is the room that the database takes on the disk, in bytes, without what its log of changes holds for the moment.
func (db *DB) Size(ctx context.Context) (int64, error) {
	var size int64
	if err := db.read.WithContext(ctx).Raw(db.dialect.size).Scan(&size).Error; err != nil {
		return 0, fmt.Errorf("reading the size of the database: %w", err)
	}
	return size, nil
}
