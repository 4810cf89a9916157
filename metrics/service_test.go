package metrics

import (
	"slices"
	"testing"
)

func TestServicesOfOneRepositoryAreToldApartByEnvironmentAndLabels(t *testing.T) {
	t.Parallel()
	rules := DefaultRules()
	rules.Services = []Service{
		{Name: "shop", Repositories: []string{"acme/mono"}, Labels: map[string]string{"app": "shop", "tier": "web*"}},
		{Name: "trial", Repositories: []string{"acme/mono"}, Environments: []string{"STAG*"}},
		{Name: "all", Repositories: []string{"acme/other"}},
	}
	for name, c := range map[string]struct {
		deployment Deployment
		want       []string
	}{
		"its labels":          {Deployment{Repository: "acme/mono", Environment: "production", Labels: map[string]string{"app": "Shop", "tier": "web-1", "x": "y"}}, []string{"shop"}},
		"its environment":     {Deployment{Repository: "acme/mono", Environment: "staging-2"}, []string{"trial"}},
		"both":                {Deployment{Repository: "acme/mono", Environment: "staging", Labels: map[string]string{"app": "shop", "tier": "web"}}, []string{"shop", "trial"}},
		"one label of two":    {Deployment{Repository: "acme/mono", Environment: "production", Labels: map[string]string{"app": "shop"}}, []string{"acme/mono"}},
		"another service":     {Deployment{Repository: "acme/mono", Environment: "production", Service: "api"}, []string{"api"}},
		"a service by name":   {Deployment{Repository: "acme/mono", Environment: "production", Service: "shop"}, []string{"shop"}},
		"nothing said beyond": {Deployment{Repository: "acme/other", Environment: "anywhere"}, []string{"all"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.deployment.ID = "1"
			var got []string
			for _, s := range Split([]Event{NewEvent("ci", c.deployment)}, rules) {
				if len(s.Events) > 0 {
					got = append(got, s.Service.Name)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("it belongs to %v, want %v", got, c.want)
			}
		})
	}
}
