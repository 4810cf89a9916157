package store

import (
	"bytes"
	_ "embed"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// decisionDictionary is text as it stands in decisions, again and again. Stored decisions are packed with it: no byte of it may change. When
// decisions come to read otherwise, another one is added under a number of its own.
//
//go:embed decision_dictionary.txt
var decisionDictionary []byte

// decisionDictionaryID stands in every packed body.
const decisionDictionaryID = 1

// zstdMagic begins a packed body; one that was stored as text begins with a brace.
var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// decisionPacker packs with the dictionary; it serves any number of callers at a time.
var decisionPacker = sync.OnceValue(func() *zstd.Encoder {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(decisionDictionaryID, decisionDictionary),
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(64<<10), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return packer
})

// largestDecision bounds what a damaged body can claim to be.
const largestDecision = 64 << 20

var decisionUnpacker = sync.OnceValue(func() *zstd.Decoder {
	unpacker, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(decisionDictionaryID, decisionDictionary),
		zstd.WithDecoderMaxMemory(largestDecision), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return unpacker
})

// packDecision makes the body of a decision into about a fifth, with a checksum: what is written with every decision is what its caller waits for.
func packDecision(body []byte) []byte {
	return decisionPacker().EncodeAll(body, make([]byte, 0, len(body)/4))
}

// unpackDecision is the body byte for byte, packed or stored as text.
func unpackDecision(stored []byte) ([]byte, error) {
	if !bytes.HasPrefix(stored, zstdMagic) {
		return stored, nil
	}
	body, err := decisionUnpacker().DecodeAll(stored, nil)
	if err != nil {
		return nil, fmt.Errorf("packed body: %w", err)
	}
	return body, nil
}
