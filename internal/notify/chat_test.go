package notify

import "testing"

func TestAChatSaysItsTitleOnce(t *testing.T) {
	t.Parallel()
	m := Message{Subject: "Weekly digest: shop", Text: "Weekly digest: shop\nOne round is open.\n"}
	if got, want := m.chat(), "*Weekly digest: shop*\nOne round is open.\n"; got != want {
		t.Errorf("got %q", got)
	}
}
