package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

func TestAPackedDecisionComesBackByteForByte(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{}`, "", "{", strings.Repeat(`{"criterion":"freeze","mode":"enforce","result":"pass","says":"No freeze holds now."}`, 50), string(decisionDictionary),
	} {
		packed := packDecision([]byte(body))
		back, err := unpackDecision(packed)
		if err != nil || string(back) != body {
			t.Errorf("%.40q came back as %.40q, %v", body, back, err)
		}
	}
}

func TestADecisionThatWasStoredAsTextIsReadAsItStands(t *testing.T) {
	t.Parallel()
	body := []byte(`{"id":"gd_1"}`)
	if back, err := unpackDecision(body); err != nil || !bytes.Equal(back, body) {
		t.Errorf("%s came back as %s, %v", body, back, err)
	}
}

func TestADamagedDecisionIsAnErrorAndNotAnotherDecision(t *testing.T) {
	t.Parallel()
	packed := packDecision(decisionDictionary[:4000])
	packed[len(packed)-1] ^= 1 // of the checksum
	if back, err := unpackDecision(packed); err == nil {
		t.Errorf("became %.40q", back)
	}
}

// Stored decisions could not be read any more.
func TestTheDictionaryOfStoredDecisionsNeverChanges(t *testing.T) {
	t.Parallel()
	const want = "b72e4a1b1e451f3754a29690d17db77677e693d17c0556ea5003c09335d5b3f7"
	if sum := sha256.Sum256(decisionDictionary); hex.EncodeToString(sum[:]) != want {
		t.Errorf("the dictionary has digest %x, those who packed with it knew %s: add another one instead", sum, want)
	}
}

func FuzzUnpackDecision(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add(packDecision([]byte(`{"verdict":"allow"}`)))
	f.Add(append(bytes.Clone(zstdMagic), 0, 1, 2, 3))
	f.Fuzz(func(t *testing.T, stored []byte) {
		body, err := unpackDecision(stored)
		if err != nil {
			return
		}
		if back, err := unpackDecision(packDecision(body)); err != nil || !bytes.Equal(back, body) {
			t.Fatalf("packed again it came back as %.40q, %v", back, err)
		}
	})
}
