package gittest

import "testing"

// Story builds a repository whose truth is known: twelve releases of a service within twelve weeks, Monday 5 January to Monday
// 30 March 2026, with a merge train, squashed pull requests, a back-port line, two reverts, a hotfix and a rollback by a new
// tag on an old commit. The times are chosen so that every figure can be computed by hand; hours in brackets are the lead
// times of the changes.
func Story(t testing.TB) *Repo {
	t.Helper()
	r := New(t)
	r.At("2026-01-05 09:00").Commit("The shop opens")
	r.At("2026-01-05 10:00").Tag("v1.0.0", "First release")
	mergeTrain(r)
	squashes(r)
	backport(r)
	revert(r)
	hotfix(r)
	rollback(r)
	again(r)
	return r
}

// mergeTrain: three branches from one commit, merged one upon the other, released together.
func mergeTrain(r *Repo) {
	r.Switch("feature/basket").At("2026-01-12 10:00").Commit("Basket")                                                 // [48]
	r.At("2026-01-13 10:00").Commit("Basket keeps its order")                                                          // [24]
	r.Switch("main").Switch("feature/search").By("Grace", "grace@example.org").At("2026-01-13 16:00").Commit("Search") // [18]
	r.Switch("main").Switch("feature/lists").At("2026-01-13 22:00").Commit("Wish lists")                               // [12]
	r.By("Ada", "ada@example.org").Switch("main")
	r.At("2026-01-14 08:00").Merge("feature/basket")
	r.At("2026-01-14 08:10").Merge("feature/search")
	r.At("2026-01-14 08:20").Merge("feature/lists")
	r.At("2026-01-14 10:00").Tag("v1.1.0", "Basket, search, wish lists")
}

// squashes: two pull requests, each one commit on main whatever its branch held.
func squashes(r *Repo) {
	r.Switch("vat").At("2026-01-20 09:00").Commit("wip")
	r.At("2026-01-21 14:00").Commit("wip 2")
	r.Switch("main").At("2026-01-21 15:00").Squash("vat", "Value added tax (#11)") // [24]
	r.Switch("slips").At("2026-01-21 17:00").Commit("wip 3")
	r.Switch("main").At("2026-01-22 09:00").Squash("slips", "Packing slips (#12)") // [6]
	r.At("2026-01-22 15:00").Tag("v1.2.0", "Tax and slips")
}

// backport: a second major version, then a fix that goes back to the first one.
func backport(r *Repo) {
	r.At("2026-01-30 11:00").Commit("New checkout")       // [72]
	r.At("2026-02-01 11:00").Commit("Remember addresses") // [24]
	r.At("2026-02-02 11:00").Tag("v2.0.0", "Second edition")
	fix := r.At("2026-02-04 10:00").Commit("Round prices properly") // [144], with v2.1.0
	r.SwitchAt("release/1.x", "v1.2.0")
	r.At("2026-02-04 15:00").CherryPick(fix) // [6]: its author's date is that of the original
	r.At("2026-02-04 16:00").Tag("v1.2.1", "Prices, for those who stay")
	r.Switch("main")
}

// revert: a change is taken back four hours after it went out.
func revert(r *Repo) {
	gifts := r.At("2026-02-09 10:00").Commit("Gift wrapping") // [24]
	r.At("2026-02-10 10:00").Tag("v2.1.0", "Gifts")
	r.At("2026-02-10 13:00").Revert(gifts) // [1]
	r.At("2026-02-10 14:00").Tag("v2.1.1", "No gifts")
}

// hotfix: a branch named so, merged and released the morning after.
func hotfix(r *Repo) {
	r.At("2026-02-17 10:00").Commit("Invoices")           // [24]
	r.At("2026-02-17 22:00").Commit("Invoices by e-mail") // [12]
	r.At("2026-02-18 10:00").Tag("v2.2.0", "Invoices")
	r.Switch("hotfix/empty-invoice").At("2026-02-19 07:00").Commit("No invoice without lines") // [2]
	r.Switch("main").At("2026-02-19 08:00").Merge("hotfix/empty-invoice")
	r.At("2026-02-19 09:00").Tag("v2.2.1", "Invoices with lines")
}

// rollback: two hours after v2.3.0 the commit of v2.2.1 is tagged again and goes out again.
func rollback(r *Repo) {
	r.At("2026-03-02 10:00").Commit("Recommendations") // [24]
	r.At("2026-03-03 10:00").Tag("v2.3.0", "Recommendations")
	r.At("2026-03-03 12:00").Tag("v2.3.1", "Back to v2.2.1", "v2.2.1^{commit}")
}

// again: what the rollback removed goes out again with two more commits, one of which reverts a commit of v2.0.0. A candidate
// is tried the day before. One commit waits for the next release.
func again(r *Repo) {
	addresses := r.Git("log", "--format=%H", "--grep=^Remember addresses", "--max-count=1")
	r.At("2026-03-11 10:00").Revert(addresses) // [24]
	r.At("2026-03-11 12:00").Tag("v2.4.0-rc.1", "Candidate")
	r.At("2026-03-12 04:00").Commit("Recommendations by taste") // [6]
	r.At("2026-03-12 10:00").Tag("v2.4.0", "Recommendations, again")
	r.At("2026-03-20 10:00").Commit("Gift cards")
}
