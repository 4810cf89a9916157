package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// databaseFlags are the flags of commands that open the database themselves.
type databaseFlags struct{ db, config string }

func (f *databaseFlags) add(command *cobra.Command) {
	command.Flags().StringVar(&f.db, "db", "", "the database: a file, or postgres://… (SHIPHABIT_DB, default a file under the user's data directory)")
	command.Flags().StringVar(&f.config, "config", "", "the configuration file (SHIPHABIT_CONFIG)")
}

// openDatabase opens the database under the rules of the configuration.
func (p *program) openDatabase(ctx context.Context, f databaseFlags) (*store.DB, error) {
	settings, err := p.configuration(f.config)
	if err != nil {
		return nil, err
	}
	return p.openUnder(ctx, f, settings, store.IsRefused)
}

// openExisting is openDatabase for commands that only read: a name that means no database yet is more likely a slip.
func (p *program) openExisting(ctx context.Context, f databaseFlags) (*store.DB, error) {
	settings, err := p.configuration(f.config)
	if err != nil {
		return nil, err
	}
	return p.openNoNew(ctx, f, settings, store.IsRefused)
}

// openDerived is openExisting for commands that answer from what is derived. Where no server has done so since the program or its rules changed,
// it is derived first: figures of before would look like those of now.
func (p *program) openDerived(ctx context.Context, f databaseFlags) (*store.DB, error) {
	db, err := p.openExisting(ctx, f)
	if err != nil {
		return nil, err
	}
	done, total, before, err := db.Rebuild(ctx)
	if err == nil && before {
		p.say("%d of %d services are to be derived anew first, for the program or its rules have changed. 'shiphabit serve' does so beside its work.", total-done, total)
		err = db.RefreshTelling(ctx, p.tellProgress())
		if p.terminal && !p.quiet {
			fmt.Fprint(p.err, "\r\x1b[K")
		}
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openUnderRead is openExisting under a configuration that is read already.
func (p *program) openUnderRead(settings config.Config) opener {
	return func(ctx context.Context, f databaseFlags) (*store.DB, error) {
		return p.openNoNew(ctx, f, settings, store.IsRefused)
	}
}

// openAsItIs is openExisting for commands that look at nothing that is derived, and so need no configuration.
func (p *program) openAsItIs(ctx context.Context, f databaseFlags) (*store.DB, error) {
	settings, err := p.configuration(f.config)
	if err != nil {
		return nil, err
	}
	return p.openNoNew(ctx, f, settings, store.LeavesAlone)
}

func (p *program) openNoNew(ctx context.Context, f databaseFlags, settings config.Config, unnamed store.Unnamed) (*store.DB, error) {
	dsn, err := p.databaseName(f.db, settings)
	if err != nil {
		return nil, err
	}
	if missing(dsn) {
		return nil, usage("there is no database at %s yet; 'shiphabit import' or 'shiphabit serve' makes one, or name another with --db", strings.TrimPrefix(dsn, "sqlite:"))
	}
	return p.openUnder(ctx, f, settings, unnamed)
}

// missing reports that a database is a file that is not there yet.
func missing(dsn string) bool {
	if strings.Contains(dsn, "://") {
		return false
	}
	_, err := os.Stat(strings.TrimPrefix(dsn, "sqlite:"))
	return errors.Is(err, fs.ErrNotExist)
}

func (p *program) openUnder(ctx context.Context, f databaseFlags, settings config.Config, unnamed store.Unnamed) (*store.DB, error) {
	db, _, err := p.openSources(ctx, f.db, settings, unnamed)
	return db, sayKept(err)
}

// sayKept says what to do about a database that is kept under a configuration; other errors stay as they are.
func sayKept(err error) error {
	if kept, ok := errors.AsType[*store.ConfiguredError](err); ok {
		return usage("%w: under the defaults its figures would be other ones, and all of them be derived again. %s, ask the server that keeps it, or name an empty file to keep it under the defaults", kept, howNamed(kept.Name))
	}
	return err
}

// howNamed says how the configuration is named under which a database is kept.
func howNamed(configuration string) string {
	if configuration == demoConfiguration {
		return "'shiphabit demo --db THE_DATABASE --write FOLDER' writes it: name it with --config FOLDER/shiphabit.yaml"
	}
	if configuration == "" {
		return "Name it with --config FILE (or SHIPHABIT_CONFIG)"
	}
	return "Name it with --config " + configuration + " (or SHIPHABIT_CONFIG)"
}

// opener is openDatabase or openExisting.
type opener func(ctx context.Context, f databaseFlags) (*store.DB, error)

// onDatabase makes a command's work of something to do with the open database.
func onDatabase(open opener, f *databaseFlags, do func(ctx context.Context, db *store.DB, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		db, err := open(command.Context(), *f)
		if err != nil {
			return err
		}
		return errors.Join(do(command.Context(), db, args), db.Close())
	}
}

// databaseName is what the flag, the environment or the configuration names, else the default.
func (p *program) databaseName(flag string, settings config.Config) (string, error) {
	if dsn := p.setting(flag, "SHIPHABIT_DB", settings.DB); dsn != "" {
		return dsn, nil
	}
	if settings.DBFault != nil {
		return "", exitError{exitUsage, settings.DBFault}
	}
	return p.defaultDatabase()
}

// openStore opens the database under the rules of the options; the configuration gives the rest of them.
func (p *program) openStore(ctx context.Context, flag string, settings config.Config, o store.Options) (*store.DB, error) {
	dsn, err := p.databaseName(flag, settings)
	if err != nil {
		return nil, err
	}
	o.Configuration, o.Sources, o.Zone, o.Logger, o.Clock = settings.File, readSources(settings), settings.Zone(), p.logger(), p.now
	o.Definition = metrics.DORA()
	o.Definition.WeekStart = settings.WeekStart
	db, err := store.Open(ctx, dsn, o)
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	return db, nil
}

// defaultDatabase is a file in the data folder.
func (p *program) defaultDatabase() (string, error) {
	folder, err := p.dataFolder()
	return filepath.Join(folder, "shiphabit.db"), err
}

// dataFolder is $XDG_DATA_HOME/shiphabit, or the same below ~/.local/share; it is made when missing.
func (p *program) dataFolder() (string, error) {
	base := p.env("XDG_DATA_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("no home directory to keep data in (%w); set XDG_DATA_HOME, or name a database with --db", err)
		}
		base = filepath.Join(home, ".local", "share")
	}
	folder := filepath.Join(base, "shiphabit")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("making the folder of the data: %w; set XDG_DATA_HOME to one that can be written", err)
	}
	return folder, nil
}

// configuration reads the configuration file, or gives the defaults where none is named.
func (p *program) configuration(flag string) (config.Config, error) {
	return p.configured(flag, config.Load)
}

// secretless is configuration for commands that judge policies: they use no secret of the file, and run where there is none.
func (p *program) secretless(flag string) (config.Config, error) {
	return p.configured(flag, config.LoadSecretless)
}

func (p *program) configured(flag string, load func(file string, env func(string) string) (config.Config, error)) (config.Config, error) {
	name := p.setting(flag, "SHIPHABIT_CONFIG", "")
	if name == "" {
		return config.Default(), nil
	}
	settings, err := load(name, p.env)
	if err != nil {
		return config.Config{}, exitError{exitUsage, err}
	}
	return settings, nil
}
