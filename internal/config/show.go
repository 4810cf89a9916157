package config

import (
	"go.yaml.in/yaml/v3"
)

// shown is the file as it may be shown: every secret masked, the password of the database too.
func shown(n node) string {
	if len(n.Content) == 0 {
		return "# Nothing is configured: every default holds.\n"
	}
	text, err := yaml.Marshal(masked(n.Node, ""))
	if err != nil {
		return "# The configuration cannot be shown: " + err.Error() + "\n"
	}
	return string(text)
}

func masked(n *yaml.Node, key string) *yaml.Node {
	c := *n
	if c.Kind == yaml.ScalarNode {
		switch {
		case key == "db":
			c.Value = maskedDSN(c.Value)
		case secretKey(key):
			c.Value = mask
		}
		return &c
	}
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		below := key
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			below = n.Content[i-1].Value
		}
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			below = ""
		}
		c.Content[i] = masked(child, below)
	}
	return &c
}
