#!/bin/sh
# Receives what a rollback hook is told, checks that it is genuine, and starts a rollback. It is a CGI program: any web server that runs
# such programs will do (busybox httpd, lighttpd, Apache, nginx with fcgiwrap). Needed: sh, openssl, jq, and a folder that stays.
#   ROLLBACK_SECRET   the secret of the hook
#   ROLLBACK_FOLDER   where it is noted what was begun, so that nothing is begun twice
#   ROLLBACK_COMMAND  what begins a rollback; it is run with service, environment, digest and commit as its arguments and ends soon
set -u
answer() {
	printf 'Status: %s\r\nContent-Type: text/plain\r\n\r\n%s\n' "$1" "$2"
	exit 0
}
[ "${REQUEST_METHOD:-}" = POST ] || answer '405 Method Not Allowed' 'POST alone is taken'
[ "${CONTENT_LENGTH:-0}" -gt 0 ] && [ "$CONTENT_LENGTH" -le 65536 ] || answer '413 Content Too Large' 'a body of 1 to 65536 bytes is taken'
body=$(mktemp) || answer '500 Internal Server Error' 'no room for the body'
trap 'rm -f "$body"' EXIT
head -c "$CONTENT_LENGTH" >"$body"

# The signature is over the time, a dot and the body as it came; what was signed longer ago than five minutes is worth nothing.
signed=${HTTP_X_SHIPHABIT_TIMESTAMP:-0}
case $signed in *[!0-9]* | '') answer '401 Unauthorized' 'the time is no number' ;; esac
age=$(($(date +%s) - signed))
[ "$age" -lt 300 ] && [ "$age" -gt -300 ] || answer '401 Unauthorized' 'it was signed at another time'
good=$({ printf '%s.' "$signed" && cat "$body"; } | openssl dgst -sha256 -hmac "${ROLLBACK_SECRET:?}" | sed 's/^.* //')
# Both are compared as digests of themselves, so that how long it takes tells nothing of how far they are the same.
one=$(printf %s "sha256=$good" | openssl dgst -sha256) two=$(printf %s "${HTTP_X_SHIPHABIT_SIGNATURE:-}" | openssl dgst -sha256)
[ "$one" = "$two" ] || answer '401 Unauthorized' 'the signature is not right'

key=${HTTP_IDEMPOTENCY_KEY:-}
case $key in *[!A-Za-z0-9_]* | '') answer '400 Bad Request' 'the key is missing' ;; esac
read_of() { jq -er "$1 // \"\"" "$body"; }
service=$(read_of .service) && environment=$(read_of .environment) && digest=$(read_of .good.digest) && commit=$(read_of .good.commit) ||
	answer '400 Bad Request' 'the body cannot be read'
mkdir "${ROLLBACK_FOLDER:?}/$key" 2>/dev/null || answer '200 OK' 'it was begun before'
if "${ROLLBACK_COMMAND:?}" "$service" "$environment" "$digest" "$commit" >"$ROLLBACK_FOLDER/$key/log" 2>&1; then
	answer '202 Accepted' 'it is begun'
fi
mv "$ROLLBACK_FOLDER/$key" "$ROLLBACK_FOLDER/failed-$key-$(date +%s)-$$" # the next try may begin it
answer '500 Internal Server Error' 'it could not be begun; the log of the receiver says why'
