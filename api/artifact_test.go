package api_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestADigestThatNothingCanMatchIsRefused(t *testing.T) {
	t.Parallel()
	s := gated(t)
	hex := strings.Repeat("4f5c", 32)
	for digest, fine := range map[string]bool{
		"sha256:" + hex[:64]: true, "sha384:" + hex[:96]: true, "sha512:" + hex: true,
		"latest": false, "sha256:abc": false, hex[:64]: false, "sha256:" + hex[:63]: false, "sha256:" + hex[:66]: false, "sha512:" + hex[:64]: false, "sha256:": false,
		"sha256:" + strings.ToUpper(hex[:64]): false, "sha256:" + hex[:62] + "0g": false, "acme/pay:sha256:" + hex[:64]: false, " ": false,
	} {
		body := `{"service":"steady","artifact":{"digest":"` + digest + `"}}`
		where := "/api/v1/gate/verdict?service=steady&digest=" + strings.ReplaceAll(digest, " ", "%20")
		if fine {
			s.post(decisions, body).is(http.StatusOK)
			s.get(where).is(http.StatusOK)
			continue
		}
		says := `the gate cannot judge this: artifact.digest: \"` + digest[:min(len(digest), 40)]
		const form = "write sha256: with 64, sha384: with 96 or sha512: with 128 hexadecimal digits, in lower case, or leave it out and give the commit"
		s.post(decisions, body).is(http.StatusBadRequest, says, "is no digest", form, `"field":"artifact.digest"`)
		s.get(where).is(http.StatusBadRequest, says, "is no digest", form)
	}
	s.post(decisions, `{"artifact":{"digest":"latest"},"change":{"kind":"fix"}}`).is(http.StatusBadRequest, `"field":"service"`, `"field":"artifact.digest"`)
	s.post(decisions, `{"service":"steady","commit":"c0ffee"}`).is(http.StatusOK)
}

func TestARollbackMayNameWhatTheRecordHoldsInWhateverForm(t *testing.T) {
	t.Parallel()
	s := gated(t)
	s.post("/api/v1/events", strings.NewReplacer(built("3"), "build-3").Replace(history("odd", strings.Repeat(".", 20)+".x.x.x.x"))).is(http.StatusOK)
	const rollback = `{"service":"odd","change":{"kind":"rollback"},"artifact":{"digest":"build-3"}}`
	s.post(decisions, rollback).is(http.StatusOK, `"kind":"rollback"`, `"verdict":"allow"`)
	s.get("/api/v1/gate/verdict?service=odd&kind=rollback&digest=build-3").is(http.StatusOK, "allow")

	unknown := strings.Replace(rollback, "build-3", "build-99", 1)
	s.post(decisions, unknown).is(http.StatusBadRequest, "artifact.digest", "is no digest")
	s.get("/api/v1/gate/verdict?service=odd&kind=rollback&digest=build-99").is(http.StatusBadRequest, "is no digest")
	s.post(decisions, strings.Replace(rollback, "rollback", "normal", 1)).is(http.StatusBadRequest, "is no digest")
}
