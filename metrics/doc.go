// Package metrics holds the vocabulary of delivery and makes every figure; it may import nothing but the standard library, read
// no clock and touch no file or network. Equal input gives equal output, to the last bit.
//
// Events are what sources state. Derive turns the events of a service into Facts: rollouts with their changes, failures and
// recoveries. TallyOf counts the facts of a window into a Tally, which merges exactly. Measure makes a Scorecard of a tally, and
// is the only place where a figure is made.
//
// A figure carries its n and its state. With fewer observations than the definition's floor (five) it has no value: nil in Go,
// null in JSON, never 0. Quantiles interpolate linearly (type 7 of Hyndman and Fan, 1996). No figure is made of a person.
//
// # Deployment frequency
//
// Definition: production rollouts that finished in the window, succeeded or failed, rollbacks and rework included. Several
// attempts at one revision are one rollout; a redeploy of the live revision is none.
// Unit: rollouts per day and per week of the window, as far as it has passed; days with a rollout in a full week, median.
// Source: the first of the four keys of DORA's research; the median week follows their "days with a deployment".
// Interval: of the median week, exact binomial order statistics over the full weeks.
// Caveat: it counts what ran, not what was worth running, and it grows when a large service is split. Compare a service with
// itself.
//
// # Change lead time
//
// Definition: per change, from its authored time to the first success of the rollout that brought it to production.
// Unit: seconds; median, P75, P90, P95 over changes.
// Source: DORA, "commit to running in production"; the authored time survives a rebase, the committed time does not.
// Interval: of the median over rollouts' own medians, because changes that went out together are not independent.
// Caveat: a long-lived branch shows its whole life, an amended commit the date of its first version, and a squash merge counts
// as its pull request's commits only where the source tells them.
//
// # Change fail rate
//
// Definition: rollouts that failed ÷ rollouts. A rollout failed when its run failed after it began, or it was rolled back,
// reverted, blamed for an incident, judged unhealthy, or followed by a declared hotfix, by AsOf.
// Unit: share in [0,1], with a Wilson 95% interval.
// Source: DORA; Wilson (1927).
// Caveat: failures become known late. Rollouts younger than the settling time (24 h) are counted and marked. Where no incidents
// are collected the rate is that of runs, rollbacks and reverts only.
//
// # Failed deployment recovery time
//
// Definition: from a failed rollout's finish to the earliest of rollback finished, fix finished, incident resolved.
// Unit: seconds; median and P90 of the Kaplan–Meier curve, in which failures still open at AsOf count as long as they have lasted.
// Source: DORA since 2023; Kaplan and Meier (1958); Brookmeyer and Crowley (1982) for the interval, on the log(−log) scale.
// Caveat: "not reached" is an answer. Leaving open failures out would make the worst ones invisible.
//
// # Deployment rework rate
//
// Definition: rollouts that were unplanned repairs of a rollout (a declared hotfix, or a range that reverts) ÷ rollouts.
// Unit: share in [0,1], with a Wilson 95% interval.
// Source: DORA 2024. Caveat: an undeclared repair by a plain commit is seen as planned.
//
// # Time to restore
//
// Definition: from start to resolution of every incident that started in the window, whether or not a rollout is to blame.
// Unit and method: as recovery time. Caveat: it measures the handling of incidents, not of deployments.
//
// # Change of a figure
//
// A figure is said to have moved only when the 95% interval of the difference leaves out zero: Newcombe's (1998, method 10) for
// shares, the Hodges–Lehmann shift with the Mann–Whitney interval for spans over rollouts and for rollouts per week.
//
// # Event-versus-habit index
//
// Definition: see HabitIndex; six parts of one service's planned rollouts in twelve weeks. Unit: none, 0 to 100.
// Source: this product's own. Caveat: an order of services by it means nothing; its parts do.
package metrics
