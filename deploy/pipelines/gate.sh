#!/bin/sh
# For everything that can run a command: asks the gate, deploys, reports.
#
#   gate.sh SERVICE ENVIRONMENT COMMIT DEPLOY-COMMAND [ARGUMENT…]
#
# Set SHIPHABIT_URL, and SHIPHABIT_TOKEN where the server wants one. GATE_FLAGS are further flags for 'shiphabit gate check', where
# the policy wants to be told more: GATE_FLAGS='--digest sha256:… --tests passed --coverage 83'. It ends with the exit code of the gate when that lets nothing
# through (3 blocked, 4 still on hold, 5 unreachable and closed by the policy, 6 not allowed to ask), else with that of the deployment.
set -u
# For a critical service: a new machine cannot know its policy when the gate is gone, and would go on.
# export SHIPHABIT_UNREACHABLE=closed
[ $# -ge 4 ] || {
	echo "usage: $0 SERVICE ENVIRONMENT COMMIT DEPLOY-COMMAND [ARGUMENT…]" >&2
	exit 2
}
service=$1 environment=$2 commit=$3
shift 3
# shellcheck disable=SC2086 # the flags are words
shiphabit gate check --service "$service" --environment "$environment" --commit "$commit" --wait "${GATE_WAIT:-10m}" ${GATE_FLAGS:-} || exit $?
"$@"
code=$?
outcome=succeeded
[ "$code" -eq 0 ] || outcome=failed
shiphabit gate report --outcome "$outcome" || echo "the outcome could not be reported; the deployment stands" >&2
exit "$code"
