package reports

import (
	"fmt"
	"slices"

	"shiphabit/metrics/gate"
)

// listed is how many promotions a page of the list holds: about a screen.
const listed = 20

// BacktestChoice is one of the two lists of a backtest: what would have been stopped, and what told to wait.
type BacktestChoice struct {
	Answer gate.Result
	Word   string
	N      int
	Href   string
	Chosen bool
}

// Choices are the lists that hold something.
func (b Backtest) Choices() []BacktestChoice {
	var list []BacktestChoice
	for _, c := range []BacktestChoice{
		{Answer: gate.Block, Word: "Stopped", N: b.Result.Blocked.Promotions}, {Answer: gate.Hold, Word: "Told to wait", N: b.Result.Held.Promotions},
	} {
		if c.N > 0 {
			c.Href, c.Chosen = b.to(c.Answer, 1), c.Answer == b.answer()
			list = append(list, c)
		}
	}
	return list
}

// answer is the list shown.
func (b Backtest) answer() gate.Result {
	if b.Answer == gate.Hold || b.Answer == gate.Block {
		return b.Answer
	}
	if b.Result.Blocked.Promotions == 0 && b.Result.Held.Promotions > 0 {
		return gate.Hold
	}
	return gate.Block
}

// BacktestRow is a promotion that would not have been let through.
type BacktestRow struct {
	gate.BacktestVerdict
	// Version is what people call it; Href its record.
	Version, Href string
	// Place says whether it tells what would have happened; a hold begins and ends no row.
	Place string
	Fate  VerdictView
}

// Listed are those of the page, newest first.
func (b Backtest) Listed() []BacktestRow {
	all := b.answered()
	from := (b.page() - 1) * listed
	names := map[string]string{}
	for _, t := range b.Trials {
		names[t.ID] = t.Version
	}
	var rows []BacktestRow
	for _, v := range all[from:min(len(all), from+listed)] {
		row := BacktestRow{BacktestVerdict: v, Version: v.Rollout, Href: RecordPath(v.Service, v.Rollout), Fate: fateOf(v.Outcome)}
		if version := names[v.Rollout]; version != "" {
			row.Version = version
		}
		switch {
		case v.FirstBlock:
			row.Place = "first of its row"
		case v.Verdict == gate.Block:
			row.Place = "modelled"
		}
		rows = append(rows, row)
	}
	return rows
}

// answered are all of the list shown, newest first.
func (b Backtest) answered() []gate.BacktestVerdict {
	var all []gate.BacktestVerdict
	for _, v := range slices.Backward(b.Result.Verdicts) {
		if v.Verdict == b.answer() {
			all = append(all, v)
		}
	}
	return all
}

func (b Backtest) pages() int { return max(1, (len(b.answered())+listed-1)/listed) }

func (b Backtest) page() int {
	if b.Page < 1 || b.Page > b.pages() {
		return 1
	}
	return b.Page
}

// to is the address of a page of a list: the same backtest, at its list.
func (b Backtest) to(answer gate.Result, page int) string {
	number := ""
	if page > 1 {
		number = fmt.Sprint(page)
	}
	return b.Link(b.Path, "service", b.Service, "days", fmt.Sprint(b.Days), "answer", string(answer), "page", number) + "#stops"
}

// Pager leads through the list.
func (b Backtest) Pager() Pager {
	return numbered("promotions", b.page(), b.pages(), func(page int) string { return b.to(b.answer(), page) })
}
