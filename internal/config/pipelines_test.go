package config

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The snippets are run by the tests of cmd/shiphabit, which takes their commands out as text; here they are read as what they are.
func TestThePipelineSnippetsAreYAMLOfTheFormTheirHostsRead(t *testing.T) {
	t.Parallel()
	for name, wants := range map[string][][]string{
		"github-actions.yml": {{"on", "push"}, {"jobs", "deploy", "environment"}, {"jobs", "deploy", "permissions", "id-token"}, {"jobs", "deploy", "steps"}},
		"gitlab-ci.yml": {
			{"stages"}, {"gate", "id_tokens", "SHIPHABIT_ID_TOKEN", "aud"}, {"gate", "environment", "action"}, {"gate", "artifacts", "reports", "dotenv"},
			{"deploy", "id_tokens", "SHIPHABIT_ID_TOKEN", "aud"}, {"deploy", "after_script"},
		},
		"argo-rollouts.yaml": {{"spec", "metrics"}, {"spec", "args"}},
		"flagger.yaml":       {{"spec", "analysis", "webhooks"}},
	} {
		text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "pipelines", name))
		if err != nil {
			t.Fatal(err)
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		for {
			var document yaml.Node
			if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, path := range wants {
				at := node{document.Content[0]}
				for _, key := range path {
					at = at.at(key)
				}
				if at.Node == nil {
					t.Errorf("%s lacks %v", name, path)
				}
			}
		}
	}
}
