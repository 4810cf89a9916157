package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"shiphabit/metrics/gate/attest"
)

func (p *program) gateKeyCommand() *cobra.Command {
	command := &cobra.Command{
		Use:     "key",
		Short:   "Make the key that signs verdicts, and print its public half",
		Example: "  shiphabit gate key create /etc/shiphabit/gate.pem > gate.pub",
	}
	command.AddCommand(p.gateKeyCreateCommand(), p.gateKeyPublicCommand())
	return command
}

func (p *program) gateKeyCreateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "create FILE",
		Short: "Write a new Ed25519 key (PEM, PKCS #8) that only its owner may read, and print the public key",
		Long: `Writes a new key for signing_key_file; a file that is there already is never written over. The public key is printed, for
verifiers that work without the server ('gate verify --keys').`,
		Example: "  shiphabit gate key create /etc/shiphabit/gate.pem > gate.pub",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := attest.NewKey()
			if err != nil {
				return err
			}
			text, err := key.PEM()
			if err != nil {
				return err
			}
			if err := writeNew(args[0], text); errors.Is(err, fs.ErrExist) {
				return usage("%s is there already; name a new file, so that no key is lost", args[0])
			} else if err != nil {
				return usage("writing the key: %w", err)
			}
			p.say("%s holds a new key; set signing_key_file to it on every server of this database", args[0])
			_, err = p.out.Write(key.Public().PEM())
			return err
		},
	}
}

// writeNew writes a file that is not there, for its owner alone.
func writeNew(name string, text []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the caller names the file
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

func (p *program) gateKeyPublicCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "public FILE",
		Short:   "Print the public half of a key",
		Example: "  shiphabit gate key public /etc/shiphabit/gate.pem > gate.pub",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return usage("reading the key: %w", err)
			}
			key, err := attest.ParsePrivate(text)
			if err != nil {
				return usage("%s %w", args[0], err)
			}
			_, err = p.out.Write(key.Public().PEM())
			return err
		},
	}
}
