package store

import (
	"bytes"
	"encoding/json"
	"testing"

	madeup "shiphabit/internal/organisation"
)

func TestPackedTextComesBackByteForByte(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, `{}`, `{"author":"p:00112233445566778899aabbccddeeff","authored_at":"2026-03-02T12:00:00Z","message":"x"}`,
		`"2026-03-02T12:00:00.5Z" "2026-03-02T12:00:00.050Z" "1969-12-31T23:59:59Z" "2199-01-01T00:00:00Z" "2026-13-02T12:00:00Z"`,
		`0000000012345 123456 12345678901234567890123 abcdefabcdefabcde 2026-02-30T00:00:00Z`,
		"\x01\x02\xff", `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`, `"2026-03-02T12:00:00+02:00"`, `{"author":"p:`, `{"message":"ÄÖ\n\u2028"}`,
	} {
		back, err := unpack(pack([]byte(text)))
		if err != nil || string(back) != text {
			t.Errorf("%q came back as %q, error %v", text, back, err)
		}
	}
}

func TestTextThatRepeatsItselfForLongComesBack(t *testing.T) {
	t.Parallel()
	text := bytes.Repeat([]byte("z"), longestPacked+100)
	back, err := unpack(pack(text))
	if err != nil || !bytes.Equal(back, text) {
		t.Errorf("%d of %d bytes came back, error %v", len(back), len(text), err)
	}
}

func TestPackingHalvesThePayloadsOfAnOrganisation(t *testing.T) {
	t.Parallel()
	plain, packed := 0, 0
	for e := range smallOrganisation().Events() {
		p := pack(e.Payload)
		plain, packed = plain+len(e.Payload), packed+len(p)
		back, err := unpack(p)
		if err != nil || !bytes.Equal(back, e.Payload) {
			t.Fatalf("%s came back as %s, error %v", e.Payload, back, err)
		}
	}
	t.Logf("%d bytes packed to %d", plain, packed)
	if packed*2 > plain {
		t.Errorf("%d bytes packed to %d", plain, packed)
	}
}

func FuzzPack(f *testing.F) {
	n := 0
	for e := range smallOrganisation().Events() {
		if n++; n%500 == 0 {
			f.Add([]byte(e.Payload))
			f.Add(pack(e.Payload))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		back, err := unpack(pack(text))
		if err != nil || !bytes.Equal(back, text) {
			t.Fatalf("%q came back as %q, error %v", text, back, err)
		}
		_, _ = unpack(append([]byte{packedMark}, text...)) // damaged text is an error and no panic
	})
}

func BenchmarkPack(b *testing.B) {
	var payloads []json.RawMessage
	for e := range madeup.New(madeup.Options{Services: 5, Deployments: 200, Years: 1}).Events() {
		payloads = append(payloads, e.Payload)
	}
	b.Run("pack", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			pack(payloads[i%len(payloads)])
		}
	})
	b.Run("unpack", func(b *testing.B) {
		packed := make([][]byte, len(payloads))
		for i, p := range payloads {
			packed[i] = pack(p)
		}
		for i := 0; b.Loop(); i++ {
			if _, err := unpack(packed[i%len(packed)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
