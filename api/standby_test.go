package api

import (
	"strconv"
	"testing"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

func TestWhereThereIsNoRoomTheFactsOfTheServiceAskedForLongestAgoGoAndTheServiceStays(t *testing.T) {
	t.Parallel()
	var m standby
	const each = keptFacts / 10
	for i := range 12 {
		m.keep(keptState{service: strconv.Itoa(i), facts: make([]byte, each)})
	}
	for i := range 12 {
		k, found := m.state(strconv.Itoa(i))
		if whole := k.facts != nil; !found || whole != (i >= 2) {
			t.Errorf("service %d: remembered %t, with its facts %t", i, found, whole)
		}
	}
	m.keep(keptState{service: "2"}) // asked again, by a brief of other facts
	m.keep(keptState{service: "12", facts: make([]byte, each)})
	if k, _ := m.state("3"); k.facts == nil || m.facts != keptFacts {
		t.Errorf("%d bytes of facts are counted, and of the next service %d are left", m.facts, len(k.facts))
	}
	for i := range keptStates {
		m.keep(keptState{service: strconv.Itoa(100 + i)})
	}
	if _, found := m.state("12"); found || len(m.services) != keptStates || m.facts != 0 {
		t.Errorf("%d services and %d bytes of facts are remembered, an old one %t", len(m.services), m.facts, found)
	}
}

func TestFactsInReserveAreThoseThatWereRead(t *testing.T) {
	t.Parallel()
	facts := metrics.Facts{Service: "api", Rollouts: []metrics.Rollout{{ID: "ci/1", Digest: "sha256:a"}}}
	read, same := gate.Known{Facts: facts, Memory: &gate.Memory{}}, keptState{}
	first, err := keptStateOf("api", time.Time{}, read, same)
	if err != nil || len(first.known.Facts.Rollouts) != 0 {
		t.Fatalf("%+v: %v", first.known.Facts, err)
	}
	if k, err := first.whole(); err != nil || len(k.Facts.Rollouts) != 1 || k.Facts.Rollouts[0].Digest != "sha256:a" || k.Memory != read.Memory {
		t.Errorf("%+v: %v", k.Facts, err)
	}
	read.Facts.Rollouts = nil
	if second, err := keptStateOf("api", time.Time{}, read, first); err != nil || &second.facts[0] != &first.facts[0] {
		t.Errorf("facts of the same memory were written anew: %v", err)
	}
	read.Memory = &gate.Memory{}
	if third, err := keptStateOf("api", time.Time{}, read, first); err != nil || string(third.facts) == string(first.facts) {
		t.Errorf("facts of another derivation were taken for the same: %v", err)
	}
}
