package github

import (
	"fmt"
	"strings"
)

// deploymentOn is a deployment of the fake. Its statuses are written "in_progress@9 success@10": the state and the hour.
func deploymentOn(id, day int, environment, statuses string) object {
	var list []object
	updated := at(day, 8)
	for s := range strings.FieldsSeq(statuses) {
		state, hour, _ := strings.Cut(s, "@")
		var h int
		_, _ = fmt.Sscan(hour, &h)
		updated = at(day, h)
		list = append(list, object{"state": strings.ToUpper(state), "createdAt": updated, "logUrl": fmt.Sprintf("https://github.com/acme/shop/actions/runs/%d/job/1", 900+id)})
	}
	return object{
		"databaseId": id, "commitOid": sha(id), "environment": environment, "task": "deploy", "payload": `"{}"`, "createdAt": at(day, 8), "updatedAt": updated,
		"creator": object{"login": "ana", "__typename": "User"}, "ref": object{"name": "main", "prefix": "refs/heads/"}, "statuses": list,
	}
}

func runOn(id, day int, name, status, conclusion string) object {
	o := object{
		"id": id, "node_id": fmt.Sprintf("WFR_%d", id), "name": name, "path": ".github/workflows/" + strings.ToLower(name) + ".yml", "head_sha": sha(id), "head_branch": "main",
		"event": "push", "status": status, "conclusion": nil, "run_attempt": 1, "created_at": at(day, 8), "run_started_at": at(day, 8), "updated_at": at(day, 9),
		"html_url": fmt.Sprintf("https://github.com/acme/shop/actions/runs/%d", id), "actor": object{"login": "ana"}, "triggering_actor": object{"login": "ana"},
	}
	if conclusion != "" {
		o["conclusion"] = conclusion
	}
	return o
}

func pullOn(number, day int, merged bool) object {
	o := object{
		"number": number, "title": "Größe ändern 日本 ❤", "url": fmt.Sprintf("https://github.com/acme/shop/pull/%d", number), "createdAt": at(day, 8), "updatedAt": at(day, 10),
		"mergedAt": nil, "baseRefName": "main", "headRefName": "größe", "author": object{"login": "renovate", "__typename": "Bot"}, "mergeCommit": nil,
		"labels":  object{"nodes": []object{{"name": "área"}}},
		"commits": object{"pageInfo": object{"hasNextPage": false}, "nodes": []object{{"commit": object{"oid": sha(7000 + number), "authoredDate": at(day, 7), "committedDate": at(day, 7), "message": "work", "author": object{"email": "a@example.org", "user": nil}}}}},
		"reviews": object{"nodes": []object{
			{"submittedAt": at(day, 9), "state": "APPROVED", "author": object{"login": "ben", "__typename": "User"}},
			{"submittedAt": nil, "state": "PENDING", "author": nil},
		}},
	}
	if merged {
		o["mergedAt"], o["mergeCommit"] = at(day, 10), object{"oid": sha(8000 + number)}
	}
	return o
}

func commitOn(n, day int, parents ...string) object {
	var list []object
	for _, p := range parents {
		list = append(list, object{"sha": p})
	}
	return object{
		"sha": sha(n), "author": object{"login": "ana", "type": "User"}, "parents": list,
		"commit": object{"message": "work", "author": object{"name": "Ana", "email": "ana@example.org", "date": at(day, 7)}, "committer": object{"date": at(day, 7)}},
	}
}

func issueOn(number, day int, closed bool, labels ...string) object {
	var list []object
	for _, l := range labels {
		list = append(list, object{"id": 1, "name": l})
	}
	o := object{
		"id": 5000 + number, "number": number, "title": "Kasse down", "state": "open", "created_at": at(day, 8), "updated_at": at(day, 8), "closed_at": nil, "labels": list,
		"user": object{"login": "ana", "type": "User"}, "html_url": fmt.Sprintf("https://github.com/acme/shop/issues/%d", number), "repository_url": "https://api.github.com/repos/acme/shop",
	}
	if closed {
		o["state"], o["closed_at"], o["updated_at"] = "closed", at(day, 11), at(day, 11)
	}
	return o
}

func releaseOn(id, day int, tag string) object {
	return object{
		"databaseId": id, "tagName": tag, "isDraft": false, "isPrerelease": false, "createdAt": at(day, 7), "publishedAt": at(day, 9), "updatedAt": at(day, 9),
		"url": "https://github.com/acme/shop/releases/tag/" + tag, "author": object{"login": "ana", "__typename": "User"}, "tagCommit": object{"oid": sha(id)},
	}
}

// world is a fake with something of everything. All of it has come to its end.
func world() *fake {
	shop := &fakeRepo{
		id: 17, full: "acme/shop", branch: "main", flags: map[string]bool{"live": true}, head: sha(3),
		deployments: []object{
			deploymentOn(101, 2, "live", "queued@9 in_progress@10 success@11 inactive@20"),
			deploymentOn(102, 3, "staging", "in_progress@9 failure@10"),
			deploymentOn(103, 4, "live", "waiting@9 queued@10 in_progress@11 success@12"),
		},
		environments: []object{{"id": 1, "name": "live", "protection_rules": []object{
			{"id": 1, "type": "required_reviewers", "reviewers": []object{{"type": "Team", "reviewer": object{"id": 4, "slug": "keepers", "name": "Keepers"}}}},
		}}},
		approvals: map[string][]object{"1003": {{"state": "approved", "comment": "", "environments": []object{{"id": 1, "name": "live"}}, "user": object{"login": "ben"}}}},
		runs: []object{
			runOn(201, 2, "Test", "completed", "success"), runOn(202, 3, "Deploy", "completed", "failure"),
			runOn(203, 4, "Deploy", "completed", "success"), runOn(204, 5, "Deploy", "completed", "skipped"),
		},
		attempts: map[string]object{},
		jobs:     map[int][]object{},
		pulls:    []object{pullOn(1, 2, true), pullOn(2, 3, false), pullOn(3, 4, true)},
		releases: []object{releaseOn(301, 2, "v1"), releaseOn(302, 3, "v2"), releaseOn(303, 4, "v3")},
		issues:   []object{issueOn(11, 2, true, "incident", "sev2"), issueOn(12, 3, true, "incident"), issueOn(13, 3, true, "bug")},
		commits:  []object{commitOn(1, 1), commitOn(2, 2, sha(1)), commitOn(3, 3, sha(2))},
	}
	shop.runs[2]["run_attempt"] = 2
	first := runOn(203, 4, "Deploy", "completed", "failure")
	shop.attempts["203/1"] = first
	return &fake{repos: []*fakeRepo{
		shop,
		{id: 18, full: "globex/empty", branch: "main"},
		{id: 19, full: "globex/old", branch: "main", archived: true, deployments: []object{deploymentOn(109, 2, "live", "success@9")}},
	}}
}
