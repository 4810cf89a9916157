#!/bin/sh
# Where nothing but curl is at hand: one request, one word. It is a look that is not logged, and grants no probe.
# A policy that wants to be told of tests or coverage holds here, since a look states nothing: use gate.sh for such a service.
# Set SHIPHABIT_URL, and SHIPHABIT_TOKEN where the server wants one. Exit codes as of 'shiphabit gate check'.
set -u
answer=$(
	{ [ -z "${SHIPHABIT_TOKEN:-}" ] || printf 'header = "Authorization: Bearer %s"\n' "$SHIPHABIT_TOKEN"; } |
		curl --config - --silent --show-error --fail --max-time 5 --retry 2 --write-out ' %{http_code}' --get \
			--data-urlencode "service=payments-api" --data-urlencode "environment=production" \
			"${SHIPHABIT_URL:?set it to the address of the server}/api/v1/gate/verdict"
)
case ${answer##* } in
200) verdict=$(printf '%s' "${answer% *}") ;;
401 | 403) verdict=refused ;;
*) verdict=unreachable ;;
esac
echo "gate: $verdict"
case $verdict in
allow | warn) exit 0 ;;
block) exit 3 ;;
hold) exit 4 ;;
refused) exit 6 ;; # the token is none, or may not ask
*) exit 5 ;; # a gate that does not answer is closed here; exit 0 leaves it open
esac
