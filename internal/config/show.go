package config

import (
	"go.yaml.in/yaml/v3"
)

// shown is the file as it may be shown: values from the environment as ${NAME}, every secret masked, passwords in addresses too.
func (r *report) shown(n node) string {
	if len(n.Content) == 0 {
		return "# Nothing is configured: every default holds.\n"
	}
	text, err := yaml.Marshal(r.masked(n.Node, ""))
	if err != nil {
		return "# The configuration cannot be shown: " + err.Error() + "\n"
	}
	return string(text)
}

func (r *report) masked(n *yaml.Node, key string) *yaml.Node {
	c := *n
	if c.Kind == yaml.ScalarNode {
		c.Value = r.maskedValue(n, key)
		return &c
	}
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		below := key // items of a list stand under the list's key
		if n.Kind == yaml.MappingNode {
			below = ""
			if i%2 == 1 {
				below = n.Content[i-1].Value
			}
		}
		c.Content[i] = r.masked(child, below)
	}
	return &c
}

func (r *report) maskedValue(n *yaml.Node, key string) string {
	if secretKey(key) {
		return mask
	}
	if raw, expanded := r.raw[n]; expanded {
		return maskedAddress(raw)
	}
	return maskedAddress(n.Value)
}
