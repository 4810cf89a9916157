package gitlab

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	sdk "github.com/xanzy/go-gitlab"
)

// wireEnvironment is an environment with its tier, which deployments do not carry.
type wireEnvironment struct {
	ID   int64  `json:"id"`
	Tier string `json:"tier"`
}

// fewEnvironments are asked for one by one; for more the whole list is cheaper.
const fewEnvironments = 5

// learnKinds learns the tiers of environments that were not met in this reading yet.
func (p *project) learnKinds(ctx context.Context, ids []int64) error {
	if p.kinds == nil {
		p.kinds = map[int64]string{}
	}
	ids = p.unknown(ids)
	if len(ids) > fewEnvironments {
		raws, err := p.host.all(ctx, p.at("environments"), func(page sdk.ListOptions) any {
			return &sdk.ListEnvironmentsOptions{ListOptions: page}
		})
		if err != nil {
			return err
		}
		for _, raw := range raws {
			var e wireEnvironment
			if json.Unmarshal(raw, &e) == nil {
				p.kinds[e.ID] = e.Tier
			}
		}
		ids = p.unknown(ids)
	}
	for _, id := range ids {
		var e wireEnvironment
		if _, err := p.host.get(ctx, p.at("environments/"+strconv.FormatInt(id, 10)), nil, &e); err != nil {
			return err
		}
		p.kinds[id] = e.Tier
	}
	return nil
}

func (p *project) unknown(ids []int64) []int64 {
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id int64) bool { _, known := p.kinds[id]; return known })
}
