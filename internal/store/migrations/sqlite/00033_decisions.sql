-- +goose Up

-- Every decision writes into every index that it stands in. One by service and time serves the list of a service and the question what
-- was let through a short while ago, without a row beside it; and who looks for a verdict looks for another one than the usual.
DROP INDEX decisions_service;
DROP INDEX decisions_passed;
DROP INDEX decisions_verdict;
CREATE INDEX decisions_service ON decisions (service, at, verdict, id);
CREATE INDEX decisions_verdict ON decisions (verdict, seq) WHERE verdict <> 'allow';

-- As what kind of change it was judged; none of decisions before. The body, which says it too, is packed from here on.
ALTER TABLE decisions ADD COLUMN kind TEXT;
