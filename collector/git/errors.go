package git

import (
	"errors"
	"io/fs"
	"os/exec"
	"strings"

	"shiphabit/collector"
)

// unreadable is a clone that cannot be read, with the reason and what to do.
func unreadable(place, problem, remedy string, cause error) error {
	return &collector.Error{Trouble: collector.Unreadable, Place: place, Problem: problem, Remedy: remedy, Err: cause}
}

// outdated is a cursor that no longer fits what is to be read.
func outdated(place, problem string) error {
	return &collector.Error{
		Trouble: collector.Outdated, Place: place, Problem: problem,
		Remedy: "read it from the start: shiphabit collect --source NAME --full (shiphabit try: --fresh); deployments that it took by the old settings stay stored, under the ids they had",
	}
}

// cannotStart explains why git did not run at all.
func cannotStart(dir string, err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return unreadable(dir, "the git command was not found", "install git 2.25 or newer and make sure that it is on the PATH", err)
	}
	return unreadable(dir, "git could not be run: "+err.Error(), "", err)
}

// cannotOpen explains why git does not take a path for a clone.
func cannotOpen(path string, err error) error {
	said := complaintOf(err)
	switch {
	case strings.Contains(said, "dubious ownership"):
		return unreadable(path, "the clone belongs to another user and git refuses to read it",
			"if you trust it: git config --global --add safe.directory "+path, err)
	case strings.Contains(said, "not a git repository"):
		return unreadable(path, "not a Git repository, nor inside one", "name the folder of a clone, bare or not", err)
	case strings.Contains(said, "git repo version") || strings.Contains(said, "repository extension"):
		return unreadable(path, "made by a newer git than the one installed here", "install a newer git", err)
	case strings.Contains(said, "Permission denied"):
		return unreadable(path, "reading it is not permitted", "run as a user who may read the clone", err)
	case said != "":
		first, _, _ := strings.Cut(said, "\n")
		return unreadable(path, "git cannot open it: "+strings.TrimPrefix(first, "fatal: "), "check the clone with git fsck", err)
	}
	return err
}

// cannotFind explains why a path is no folder.
func cannotFind(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return unreadable(path, "there is no such folder", "name the folder of a clone, bare or not", err)
	case errors.Is(err, fs.ErrPermission):
		return unreadable(path, "reading it is not permitted", "run as a user who may read the clone", err)
	}
	return unreadable(path, "it cannot be read: "+err.Error(), "", err)
}

// noTrees explains why the files that commits touch cannot be told.
func noTrees(path string, err error) error {
	if !brokenHistory(err) && complaintOf(err) == "" {
		return err
	}
	return unreadable(path, "the files that commits touch cannot be told apart, because file trees are missing or broken (a clone made with --filter=tree:0?)",
		"clone again without --filter, or leave out --service", err)
}
