package gate

import (
	"fmt"
	"maps"
	"slices"
)

// compareKeys reports every key of a written document that the understood one lacks, and the other way round.
func compareKeys(path string, written, understood any) []error {
	a, aIsObject := written.(map[string]any)
	b, bIsObject := understood.(map[string]any)
	if !aIsObject || !bIsObject {
		return compareLists(path, written, understood)
	}
	var faults []error
	for _, key := range slices.Sorted(maps.Keys(a)) {
		value, known := b[key]
		if !known {
			faults = append(faults, fmt.Errorf("%s: no such field, or it says nothing; leave it out", path+key))
			continue
		}
		faults = append(faults, compareKeys(path+key+".", a[key], value)...)
	}
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if _, written := a[key]; !written {
			faults = append(faults, fmt.Errorf("%s: missing; every field of a policy is written out", path+key))
		}
	}
	return faults
}

// compareLists compares lists item by item; other values were compared when they were understood.
func compareLists(path string, written, understood any) []error {
	a, aIsList := written.([]any)
	b, bIsList := understood.([]any)
	if aIsList != bIsList || len(a) != len(b) || (!aIsList && written != understood) {
		return []error{fmt.Errorf("%s: write it as %v", trimDot(path), understood)}
	}
	var faults []error
	for i := range a {
		faults = append(faults, compareKeys(fmt.Sprintf("%s%d.", path, i), a[i], b[i])...)
	}
	return faults
}

func trimDot(path string) string {
	if path == "" {
		return "document"
	}
	return path[:len(path)-1]
}
