package argocd

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"shiphabit/collector"
)

// application is what is read of an Application, as Argo CD writes it.
type application struct {
	Metadata struct {
		Name      string            `json:"name"`
		Namespace string            `json:"namespace"`
		Labels    map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		Project     string `json:"project"`
		Destination struct {
			Server    string `json:"server"`
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"destination"`
		Source  json.RawMessage   `json:"source"`
		Sources []json.RawMessage `json:"sources"`
	} `json:"spec"`
	Status struct {
		Health struct {
			Status             string    `json:"status"`
			LastTransitionTime time.Time `json:"lastTransitionTime"`
		} `json:"health"`
		// History and Operation are read one by one, so that one that cannot be read keeps no other.
		History      []json.RawMessage `json:"history"`
		Operation    json.RawMessage   `json:"operationState"`
		ReconciledAt time.Time         `json:"reconciledAt"`
		Summary      struct {
			Images []string `json:"images"`
		} `json:"summary"`
	} `json:"status"`
}

// key names an application within its Argo CD. Kubernetes lets no name be changed.
func (a application) key() string { return a.Metadata.Namespace + "/" + a.Metadata.Name }

// entry is one sync in an application's history: those that succeeded, and no others.
type entry struct {
	ID              int64             `json:"id"`
	Revision        string            `json:"revision"`
	Revisions       []string          `json:"revisions"`
	DeployStartedAt time.Time         `json:"deployStartedAt"`
	DeployedAt      time.Time         `json:"deployedAt"`
	Source          json.RawMessage   `json:"source"`
	Sources         []json.RawMessage `json:"sources"`
	InitiatedBy     initiator         `json:"initiatedBy"`
}

type initiator struct {
	Username  string `json:"username"`
	Automated bool   `json:"automated"`
}

// operation is the sync under way, or the last one.
type operation struct {
	Operation struct {
		Sync *struct {
			Revision  string            `json:"revision"`
			Revisions []string          `json:"revisions"`
			DryRun    bool              `json:"dryRun"`
			Resources []json.RawMessage `json:"resources"`
			Source    json.RawMessage   `json:"source"`
			Sources   []json.RawMessage `json:"sources"`
		} `json:"sync"`
		InitiatedBy initiator `json:"initiatedBy"`
	} `json:"operation"`
	Phase      string    `json:"phase"`
	Message    string    `json:"message"`
	StartedAt  time.Time `json:"startedAt"`
	FinishedAt time.Time `json:"finishedAt"`
	SyncResult struct {
		Revision  string            `json:"revision"`
		Revisions []string          `json:"revisions"`
		Source    json.RawMessage   `json:"source"`
		Sources   []json.RawMessage `json:"sources"`
	} `json:"syncResult"`
}

// origin is where manifests come from: a folder of a Git repository, or a chart.
type origin struct {
	RepoURL        string `json:"repoURL"`
	TargetRevision string `json:"targetRevision"`
	Chart          string `json:"chart"`
}

func unreadable(what string, number int, err error) collector.SetAside {
	reason := "it has no name"
	if err != nil {
		reason = "it is not what Argo CD documents: " + err.Error()
	}
	return collector.SetAside{Record: fmt.Sprintf("%s %d", what, number+1), Reason: reason}
}

// repository is the path in a repository's address: "acme/shop" of https://git.example.com/acme/shop.git and git@git.example.com:acme/shop.git.
func repository(address string) string {
	_, rest, found := strings.Cut(address, "://")
	if !found {
		_, rest, found = strings.Cut(address, ":")
		if !found {
			return ""
		}
	} else if _, rest, found = strings.Cut(rest, "/"); !found {
		return ""
	}
	return strings.TrimSuffix(strings.Trim(rest, "/"), ".git")
}
