package main

import (
	"context"
	"github.com/spf13/cobra"

	"shiphabit/internal/store"
)

func (p *program) backupCommand() *cobra.Command {
	var database databaseFlags
	command := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the SQLite database to a file while it is in use",
		Long: `Writes a whole and consistent copy of the SQLite database to a new file, while others read and write it. To restore,
stop the server and put the copy in the database's place. PostgreSQL has pg_dump for this.`,
		Example: "  shiphabit backup shiphabit-2026-11-22.db",
		Args:    cobra.ExactArgs(1),
		RunE: onDatabase(p.openAsItIs, &database, func(ctx context.Context, db *store.DB, args []string) error {
			if err := db.Backup(ctx, args[0]); err != nil {
				return exitError{exitUsage, err}
			}
			p.say("The database is copied to %s.", args[0])
			return nil
		}),
	}
	database.add(command)
	return command
}
