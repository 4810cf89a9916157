package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"gorm.io/gorm"
)

// The schema of each database as numbered steps, forward only.
//
//go:embed migrations
var migrations embed.FS

// migrate brings the schema up to date. A database that a newer program wrote is refused before anything is touched.
func (db *DB) migrate(ctx context.Context) error {
	steps, err := db.steps()
	if err != nil {
		return fmt.Errorf("preparing the schema: %w", err)
	}
	for {
		before, err := db.schemaVersion(ctx, steps)
		if err != nil {
			return err
		}
		done, err := steps.Up(ctx)
		if err == nil {
			if len(done) > 0 {
				db.log.InfoContext(ctx, "schema brought up to date", "steps", len(done), "version", latest(steps))
			}
			return nil
		}
		// Another process may have taken the same step at the same moment: go on from where it brought the schema.
		if after, _ := steps.GetDBVersion(ctx); after <= before {
			return fmt.Errorf("bringing the schema up to date: %w", err)
		}
	}
}

// steps are the migrations over the writing connection.
func (db *DB) steps() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+db.dialect.name)
	if err != nil {
		return nil, err
	}
	pool, err := db.write.DB()
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger())}
	if db.dialect.name == postgresDialect.name {
		one, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(one))
	}
	return goose.NewProvider(db.dialect.goose, pool, files, options...)
}

// schemaVersion is the number of the last step taken; it refuses one that this program does not know.
func (db *DB) schemaVersion(ctx context.Context, steps *goose.Provider) (int64, error) {
	version, err := steps.GetDBVersion(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the schema's version: %w", err)
	}
	if known := latest(steps); version > known {
		return 0, fmt.Errorf("the database was %w: its schema is at version %d and this program knows %d; "+
			"use the newer program, or restore a backup from before its upgrade", ErrNewer, version, known)
	}
	return version, nil
}

func latest(steps *goose.Provider) int64 {
	sources := steps.ListSources()
	return sources[len(sources)-1].Version
}

// checkSchema compares the tables with the rows this package reads and writes, so that a database which somebody altered is
// named at the start and not by a query later.
func (db *DB) checkSchema(ctx context.Context) error {
	for _, row := range allRows() {
		stmt := &gorm.Statement{DB: db.write}
		if err := stmt.Parse(row); err != nil {
			return err
		}
		have, err := db.columns(ctx, stmt.Schema.Table)
		if err != nil {
			return err
		}
		if missing := without(stmt.Schema.DBNames, have); len(missing) > 0 {
			return fmt.Errorf("the database's schema is not what this program expects: table %s lacks %s; restore a backup, or "+
				"export the events with the program that wrote it and import them into a new database",
				stmt.Schema.Table, strings.Join(missing, ", "))
		}
	}
	return nil
}

// columns lists the columns of a table; none when there is no such table.
func (db *DB) columns(ctx context.Context, table string) ([]string, error) {
	query := "SELECT name FROM pragma_table_info(?)"
	if db.dialect.name == postgresDialect.name {
		query = "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ?"
	}
	var names []string
	if err := db.write.WithContext(ctx).Raw(query, table).Scan(&names).Error; err != nil {
		return nil, fmt.Errorf("checking the schema: %w", err)
	}
	return names, nil
}

func without(want, have []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(name string) bool { return slices.Contains(have, name) })
}
