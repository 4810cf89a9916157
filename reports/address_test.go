package reports

import (
	"bytes"
	"strings"
	"testing"
)

func TestADocumentSpeaksOfRecordsElsewhereOnlyWithALinkToThem(t *testing.T) {
	t.Parallel()
	d := stages(t)["one"].documents()["leadership"]
	for address, link := range map[string][2]string{"": {}, "https://shiphabit.example.org": {`<a href="https://shiphabit.example.org">there</a>`, "[there](<https://shiphabit.example.org>)"}} {
		d.Address = address
		for i, text := range []string{
			written(t, func(out *bytes.Buffer) error { return site(t).Document(t.Context(), out, d) }),
			written(t, func(out *bytes.Buffer) error { return d.Markdown(out) }),
		} {
			if strings.Contains(text, "opens into the records") != (address != "") || !strings.Contains(text, link[i]) {
				t.Errorf("with the address %q, format %d", address, i)
			}
		}
	}
}

func TestALeadershipDigestLeadsToTheRoundsAndToTheGate(t *testing.T) {
	t.Parallel()
	in := stages(t)["one"].digest("")
	in.Rows[0].Card.Recovery.Censored = 1
	links := map[string]string{}
	for _, i := range WeeklyDigest(in).Sections[1].Items {
		links[i.Href] += i.Text
	}
	if !strings.Contains(links[in.Base+"/gate"], "has a failed deployment") || !strings.Contains(links[in.Base+"/assessments"], "open round") {
		t.Errorf("got %v", links)
	}
}
