package config

import (
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// node is a checked part of a file. Reading a key that is not there gives the zero value, so callers put defaults first.
type node struct{ *yaml.Node }

// at returns the value of a key of an object; its Node is nil when there is none.
func (n node) at(key string) node {
	if n.Node == nil || n.Kind != yaml.MappingNode {
		return node{}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return node{n.Content[i+1]}
		}
	}
	return node{}
}

func (n node) has(key string) bool { return n.at(key).Node != nil }

func (n node) text() string {
	if n.Node == nil {
		return ""
	}
	return n.Value
}

func (n node) number() int {
	i, _ := strconv.Atoi(n.text())
	return i
}

func (n node) bool() bool { return n.text() == "true" }

func (n node) span() time.Duration { return parseSpan(n.text()) }

// items are the elements of a list.
func (n node) items() []node {
	if n.Node == nil {
		return nil
	}
	items := make([]node, len(n.Content))
	for i, item := range n.Content {
		items[i] = node{item}
	}
	return items
}

func (n node) texts() []string {
	var texts []string
	for _, item := range n.items() {
		texts = append(texts, item.text())
	}
	return texts
}

// keys are the keys of an object, in the order of the file.
func (n node) keys() []string {
	var keys []string
	if n.Node == nil {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		keys = append(keys, n.Content[i].Value)
	}
	return keys
}
