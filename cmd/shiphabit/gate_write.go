package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// write prints the answer and leaves it in the files asked for.
func (c *gateCheck) write(answer checkFile) error {
	if c.file != "" {
		data, err := json.MarshalIndent(answer, "", "  ")
		if err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if answer.ReportToken != "" {
			mode = 0o600
		}
		if err := os.WriteFile(c.file, append(data, '\n'), mode); err != nil {
			return usage("the answer cannot be written: %w; choose another place with --out", err)
		}
		if err := restrict(c.file, mode); err != nil {
			return fmt.Errorf("keeping others from reading the answer: %w; choose another place with --out", err)
		}
	}
	answer.ReportToken = "" // what is printed ends in a log that many can read
	if c.dotenv != "" {
		if err := os.WriteFile(c.dotenv, []byte(dotenvOf(answer)), 0o644); err != nil {
			return usage("--dotenv cannot be written: %w", err)
		}
	}
	if c.markdown != "" {
		if err := appendFile(c.markdown, markdownOf(answer)); err != nil {
			return usage("--summary cannot be written: %w", err)
		}
	}
	if c.format == formatJSON {
		return writeJSON(c.out, answer)
	}
	_, err := fmt.Fprint(c.out, textOf(answer))
	return err
}

// restrict gives a file its mode also when it was there before, which writing leaves alone. A device such as /dev/null keeps its own.
func restrict(name string, mode os.FileMode) error {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	return os.Chmod(name, mode)
}

func appendFile(name, text string) error {
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
