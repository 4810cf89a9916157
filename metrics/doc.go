// Package metrics holds the vocabulary of delivery and makes every figure; it may import nothing but the standard library, read no
// clock and touch no file or network. Equal input gives equal output, to the last bit.
//
// # The way of a figure
//
// Events are what sources state: DecodeLines and DecodeCSV read them, Merge makes one record of its revisions. Derive turns the
// events of a service into Facts: rollouts with their changes, failures and recoveries, and incidents with what they are attributed
// to. TallyOf counts the facts of a window into a Tally, which merges exactly. Measure makes a Scorecard of a tally, and is the only
// place where a figure is made. Explain lists the rows that the same counter counted.
//
//	events ── Derive ──▶ Facts ── TallyOf ──▶ Tally ── Measure ──▶ Scorecard
//	                       └──────── Explain ──▶ rows
//
// A Query names what is asked: a window, a kind of environment, the instant from which one looks back (AsOf), a time zone, a
// Definition and a Filter. What it leaves open is filled in by Completed. What happened after AsOf is not counted.
//
// A figure carries its n and its State. With fewer observations than the definition's floor (five) it has no value: nil in Go, null
// in JSON, never 0. Spans are in seconds in a scorecard and a time.Duration in facts and tallies; shares lie in [0,1]. Quantiles
// interpolate linearly (type 7 of Hyndman and Fan, 1996). Intervals are of 95%, and exact ones state what they truly cover. No
// figure is made of a person.
//
// The figures follow, each with its definition, unit, source and caveat.
//
// # Deployment frequency
//
//   - Definition: production rollouts that finished in the window, succeeded or failed, rollbacks and rework included. Several
//     attempts at one revision are one rollout; a redeploy of the live revision is none.
//   - Unit: rollouts per day and per week of the window, as far as it has passed; days with a rollout in a full week, median.
//   - Source: the first of the four keys of DORA's research; the median week follows their "days with a deployment".
//   - Interval: of the median week, exact binomial order statistics over the full weeks, nil below five.
//   - Caveat: it counts what ran, not what was worth running, and it grows when a large service is split. Compare a service with
//     itself.
//
// # Change lead time
//
//   - Definition: per change, from its authored time to the first success of the rollout that brought it to production.
//   - Unit: seconds; median, P75, P90, P95 over changes.
//   - Source: DORA, "commit to running in production"; the authored time survives a rebase, the committed time does not.
//   - Interval: of the median over rollouts' own medians, because changes that went out together are not independent.
//   - Caveat: a long-lived branch shows its whole life, an amended commit the date of its first version, and a squash merge counts
//     as its pull request's commits only where the source tells them.
//
// # Stages of lead time
//
//   - Definition: per pull request coding (first commit → opened), pickup (→ first review by a human who is not the author),
//     review (→ merged) and wait (→ deployment started); per rollout deploy (→ first success). See Stage.
//   - Unit: seconds, quantiles as above; no interval, because requests of one rollout share its wait.
//   - Source: the times that hosts state.
//   - Caveat: a stage with an end that is not known is missing, so that stages differ in n and their medians do not add up to the
//     median of the whole.
//
// # Change fail rate
//
//   - Definition: rollouts that failed ÷ rollouts. A rollout failed when its run failed after it began, or it was rolled back,
//     reverted, blamed for an incident, judged unhealthy, or followed by a declared hotfix, by AsOf. See Cause and Confidence.
//   - Unit: share in [0,1], with a Wilson 95% interval.
//   - Source: DORA; Wilson (1927).
//   - Caveat: failures become known late. Rollouts younger than the settling time (24 h) are counted and marked. Where no
//     incidents are collected the rate is that of runs, rollbacks and reverts only.
//
// # Failed deployment recovery time
//
//   - Definition: from a failed rollout's finish to the earliest of rollback finished, fix finished, incident resolved.
//   - Unit: seconds; median and P90 of the Kaplan–Meier curve, in which failures still open at AsOf count as long as they have
//     lasted.
//   - Source: DORA since 2023; Kaplan and Meier (1958); Brookmeyer and Crowley (1982) for the interval, on the log(−log) scale.
//   - Caveat: "not reached" is an answer. Leaving open failures out would make the worst ones invisible.
//
// # Deployment rework rate
//
//   - Definition: rollouts that were unplanned repairs of a rollout (a declared hotfix, or a range that reverts) ÷ rollouts.
//   - Unit: share in [0,1], with a Wilson 95% interval.
//   - Source: DORA 2024.
//   - Caveat: an undeclared repair by a plain commit is seen as planned.
//
// # Time to restore
//
//   - Definition: from start to resolution of every incident that started in the window, whether or not a rollout is to blame.
//   - Unit and method: as recovery time.
//   - Source: the fourth key of DORA's older reports.
//   - Caveat: it measures the handling of incidents, not of deployments.
//
// # Reliability
//
//   - Definition: 1 − time with an open incident of a counted severity ÷ time in which the service was observed, which begins with
//     the first deployment, incident or change that counts. Of several services both times are added up. See Tally.Observe.
//   - Unit: share in [0,1]; no interval, because it counts all there is.
//   - Source: the part of DORA's reliability, keeping one's promises, that incidents tell.
//   - Caveat: where no incident was ever recorded nobody may have looked, and there is no value; an incident that nobody closes
//     lasts.
//
// # Waiting
//
//   - Definition: approval waits are, per rollout, the union of the spans from asking to deciding over its approvals, by whether
//     the approver's team owns the service (inside), another does (outside), or one of the two is not named (unplaced). Handoffs
//     are, per change, the distinct people and the distinct teams from author by first reviewer and approvers to deployer, minus
//     one.
//   - Unit: seconds; handoffs. Medians without an interval.
//   - Source: this product's own; DORA's research is why outside and inside are told apart.
//   - Caveat: what no source records is not seen. An approval that is not decided is no wait yet; where nothing but the author of
//     a change is on record, its handoffs are not known rather than 0. Names are compared in Derive and are not part of Facts.
//
// # Change of a figure
//
// A figure is said to have moved only when the 95% interval of the difference leaves out zero: Newcombe's (1998, method 10) for
// shares, the Hodges–Lehmann shift with the Mann–Whitney interval for spans over rollouts and for rollouts per week. See Compare.
//
// # Levels
//
// Elite to low are groups that one year's survey found among its respondents, so that Levels names an Edition with each. A level is
// of one figure: a team has none.
//
// # Event-versus-habit index
//
//   - Definition: see HabitIndex; six parts of one service's planned rollouts in twelve weeks.
//   - Unit: none, 0 to 100.
//   - Source: this product's own.
//   - Caveat: an order of services by it means nothing; its parts do.
//
// # Conventions
//
// A Definition is a list of rules in words, so that a figure that another tool computed can be computed again. Presets are those of
// tools; DefinitionRules lists the words. Recast gives facts the shape in which a definition counts them (attempts for rollouts,
// incidents blamed its way), and then the one counter counts. CompareDefinitions goes from one definition to another rule by rule.
//
// # Tallies
//
// A Tally holds counts and every span, and no estimate: Merge is associative and commutative, and what is merged measures as if it
// had been counted at once. DayTallies cuts facts into days that a store keeps, each with the instant by which all of it was known;
// Gatherer adds them up, and PartTally counts the part of a day that a window or AsOf cuts.
//
// # Explanations
//
// Explain opens a figure into the rows that it counts, each with its value and why, and those it leaves out with the reason in
// words. It asks row by row what TallyOf asks, so that rows and figure cannot disagree.
package metrics
