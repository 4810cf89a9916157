package store

import "context"

// MakeOneRow makes the table of OneRow; it belongs to no schema and is for benchmarks alone.
func (db *DB) MakeOneRow(ctx context.Context) error {
	key := "INTEGER PRIMARY KEY"
	if db.dialect.name == postgresDialect.name {
		key = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
	}
	return db.write.WithContext(ctx).Exec("CREATE TABLE IF NOT EXISTS bench_rows (id " + key + ", body TEXT NOT NULL)").Error
}

// OneRow commits one row: the least that anything which is kept can cost on this database.
func (db *DB) OneRow(ctx context.Context, body string) error {
	return db.write.WithContext(ctx).Exec("INSERT INTO bench_rows (body) VALUES (?)", body).Error
}
