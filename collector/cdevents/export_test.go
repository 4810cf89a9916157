package cdevents

// ParseArtifact is parseArtifact for tests.
func ParseArtifact(text string) (name, version, digest, repository, revision string) {
	a := parseArtifact(text)
	return a.name, a.version, a.digest, a.repository, a.revision
}
